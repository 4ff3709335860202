/*
 * What is to be gathered, as one document: the config service publishes it and its changes to all nodes at once, and
 * each node works out what concerns it. In: items that come and go. Out: an immutable document, its digest, and messages
 * that turn one document into another.
 *
 * A document is named by its digest, so there are no version numbers: a change names the document it starts from and
 * the one it leads to, and a node that has neither asks for the whole.
 */
import { LIMITS } from '../service/limits';
import { fqid, type Instrumentation } from '../model/instrumentation';
import { digestOf, digestOfText } from './digest';
import { fromWire, type Body, type GatherItem } from './message';

const itemDigests = new WeakMap<GatherItem, string>();

export function digestOfItem(item: GatherItem): string {
  let digest = itemDigests.get(item);
  if (digest === undefined) itemDigests.set(item, (digest = digestOf(item)));
  return digest;
}

export function fqidOf({ instrumentation: { id, customer } }: GatherItem): string {
  return fqid({ id, ...(customer === undefined ? {} : { customer }) });
}

const read = new WeakMap<GatherItem, Instrumentation>();

/** Throws an INVALID error when the predicate or the decomposition does not fit the fields. */
export function instrumentationOf(item: GatherItem): Instrumentation {
  let instrumentation = read.get(item);
  if (instrumentation === undefined) read.set(item, (instrumentation = fromWire(item.instrumentation)));
  return instrumentation;
}

export class Gathers {
  static readonly EMPTY = new Gathers(new Map());
  /** By fqid. */
  readonly items: ReadonlyMap<string, GatherItem>;
  readonly digest: string;

  private constructor(items: ReadonlyMap<string, GatherItem>) {
    this.items = items;
    this.digest = digestOfText([...items.values()].map(digestOfItem).sort().join('\n'));
  }

  with(put: readonly GatherItem[], drop: readonly string[]): Gathers {
    const items = new Map(this.items);
    for (const id of drop) items.delete(id);
    for (const item of put) items.set(fqidOf(item), item);
    return new Gathers(items);
  }
}

/** Messages that turn one document into another; from none: the whole. Each fits into one message. */
export function changes(from: Gathers | undefined, to: Gathers): Body<'gathers'>[] {
  const base = from ?? Gathers.EMPTY;
  const put = [...to.items].filter(([id, item]) => base.items.get(id) !== item).map(([, item]) => item);
  const drop = [...base.items.keys()].filter((id) => !to.items.has(id));
  const parts: GatherItem[][] = [[]];
  let bytes = 0;
  for (const item of put) {
    const size = Buffer.byteLength(JSON.stringify(item));
    if (bytes > 0 && bytes + size > LIMITS.messageBytes / 2) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(item);
    bytes += size;
  }
  const messages: Body<'gathers'>[] = [];
  let document = base;
  for (const [i, part] of parts.entries()) {
    const next = document.with(part, i === 0 ? drop : []);
    const isWhole = i === 0 && from === undefined;
    messages.push({
      ...(isWhole ? {} : { from: document.digest }),
      to: next.digest,
      put: part,
      drop: i === 0 ? drop : [],
      ...(i < parts.length - 1 ? { more: true } : {}),
    });
    document = next;
  }
  return messages;
}

/** Cache of applied changes, shared by simulated nodes of one process. */
const applied = new WeakMap<Body<'gathers'>, Map<Gathers, Gathers>>();

function apply(document: Gathers, message: Body<'gathers'>): Gathers {
  const known = applied.get(message) ?? new Map<Gathers, Gathers>();
  applied.set(message, known);
  let next = known.get(document);
  if (next === undefined) known.set(document, (next = document.with(message.put, message.drop)));
  return next;
}

/** A node's copy of the document, kept up to date by messages. */
export class GathersCopy {
  document = Gathers.EMPTY;
  /** Parts of an incomplete document. */
  private staged: Gathers | undefined;

  /** new: the document has changed. differs: the whole must be asked for. */
  take(message: Body<'gathers'>): 'new' | 'same' | 'part' | 'differs' {
    const { from, to, more } = message;
    if (more !== true && to === this.document.digest) {
      this.staged = undefined;
      return 'same';
    }
    const base =
      from === undefined
        ? Gathers.EMPTY
        : [this.staged, this.document].find((document) => document?.digest === from);
    const next = base === undefined ? undefined : apply(base, message);
    this.staged = undefined;
    // The digest differs: made by another version of this code, or damaged.
    if (next?.digest !== to) return 'differs';
    if (more === true) {
      this.staged = next;
      return 'part';
    }
    this.document = next;
    return 'new';
  }
}
