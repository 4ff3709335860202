/*
 * A message as displayed and filtered. In: a copy from the tap. Out: its type, sender, size and body.
 * Any message may arrive: one that is not ours is shown as such, with its bytes.
 */
import { DATA_CONTENT, decodeData, type DataMessage } from '../../common/wire/data';
import { messageOf } from '../../common/service/errors';
import { decodeMessage, type Message } from '../../common/wire/message';
import type { Constant } from '../../common/model/predicate/predicate';
import { totalOf } from '../../common/model/value';
import type { Copy } from './copy';

export interface Observed {
  /** Time of arrival, milliseconds since 1970. */
  readonly at: number;
  readonly key: string;
  readonly keys: readonly string[];
  /** Type of a control message; "data" for values; "unknown" for anything else. */
  readonly type: string;
  /** Routing key of the sender, if the message has it. */
  readonly from: string;
  readonly host: string;
  readonly bytes: number;
  readonly copy: Copy;
  readonly control?: Message;
  readonly data?: DataMessage;
  /** Why it could not be read. */
  readonly error?: string;
}

export function observe(copy: Copy, at: number): Observed {
  const base = { at, key: copy.keys[0] ?? '', keys: copy.keys, bytes: copy.body.length, copy };
  try {
    if (copy.contentType === DATA_CONTENT) {
      const data = decodeData(copy.body);
      return { ...base, type: 'data', from: '', host: data.node, data };
    }
    const control = decodeMessage(copy.body);
    return { ...base, type: control.type, from: control.from, host: control.host, control };
  } catch (error) {
    return { ...base, type: 'unknown', from: '', host: '', error: messageOf(error) };
  }
}

/** Fields for filters of any message, and (fqid to amount) of values. */
export const EVENT_FIELDS = ['key', 'type', 'from', 'host', 'bytes', 'fqid', 'second', 'lost', 'amount'];

/** Bodies may have any property; any other name must be an existing field. */
export function isEventField(field: string): boolean {
  return EVENT_FIELDS.includes(field) || field.startsWith('body.');
}

/**
 * Fields for filters: key, type, from, host, bytes, and for values fqid, second, lost, amount. Control messages have
 * their body's properties by path: body.fqid, body.state. One event for each report of a data message.
 */
export function eventsOf(o: Observed): ((field: string) => Constant | undefined)[] {
  const common: Record<string, Constant> = {
    key: o.key,
    type: o.type,
    from: o.from,
    host: o.host,
    bytes: o.bytes,
  };
  const lookup = (more: Record<string, Constant>) => {
    const fields = new Map(Object.entries({ ...common, ...more }));
    return (field: string): Constant | undefined => fields.get(field) ?? inBody(o.control?.body, field);
  };
  const { data } = o;
  if (data === undefined) return [lookup({})];
  return data.reports.map(({ fqid, lost, value }) =>
    lookup({ fqid, lost, second: data.second, amount: totalOf(value) }),
  );
}

function inBody(body: unknown, field: string): Constant | undefined {
  const [first, ...path] = field.split('.');
  let at: unknown = first === 'body' ? body : undefined;
  for (const name of path) {
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined;
  }
  return typeof at === 'string' || typeof at === 'number' ? at : undefined;
}

/** Instrumentations that a message is about. */
export function fqidsOf(o: Observed): string[] {
  if (o.data !== undefined) return o.data.reports.map(({ fqid }) => fqid);
  const { fqid, fqids, instrumentation } = (o.control?.body ?? {}) as {
    fqid?: string;
    fqids?: string[];
    instrumentation?: { id: string; customer?: string };
  };
  const named = instrumentation === undefined ? [] : [nameOf(instrumentation)];
  return [...(fqid === undefined ? [] : [fqid]), ...(fqids ?? []), ...named];
}

function nameOf({ id, customer }: { id: string; customer?: string }): string {
  return customer === undefined ? `global;${id}` : `cust:${customer};${id}`;
}
