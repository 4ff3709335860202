/*
 * The API's resources as these tools see them: instrumentations, metadata, values. In: a Front. Out: typed objects.
 * Answers of a server are checked as far as they are used: a stranger's server must not crash us.
 */
import { CaError } from '../../../common/service/errors';
import { TYPE_NAMES, isNumeric, type TypeName } from '../../../common/model/field';
import type { PlainValue } from '../../../common/model/value';
import { UsageError } from '../options';
import type { Front, FrontRequest } from './front';
import { nearest } from '../../../common/model/nearest';

export interface InstrumentationResource {
  readonly id: string;
  readonly uri: string;
  readonly module: string;
  readonly stat: string;
  readonly predicate: unknown;
  readonly decomposition: readonly string[];
  readonly granularity: number;
  readonly 'retention-time': number;
  readonly 'idle-max': number;
  readonly 'persist-data': boolean;
  readonly enabled: boolean;
  readonly crtime: number;
  readonly nsources?: number;
  readonly [property: string]: unknown;
}

export interface MetricResource {
  readonly module: string;
  readonly stat: string;
  readonly label: string;
  readonly unit?: string;
  readonly type?: string;
  readonly interval: string;
  readonly question?: string;
  readonly synonyms?: readonly string[];
  readonly misses?: readonly string[];
  readonly sources?: readonly string[];
  readonly fields: readonly string[];
}

/** What exists and no node can observe, and why not. */
export interface UnavailableMetric extends Omit<MetricResource, 'fields' | 'interval'> {
  readonly reasons: readonly { readonly reason: string; readonly nodes: number }[];
}

export interface Description {
  readonly modules: Readonly<Record<string, { readonly label: string }>>;
  readonly fields: Readonly<Record<string, { readonly label: string; readonly type: string }>>;
  readonly metrics: readonly MetricResource[];
  readonly unavailable: readonly UnavailableMetric[];
}

export interface ValueResource {
  readonly value: PlainValue;
  readonly start_time: number;
  readonly duration: number;
  readonly end_time?: number;
  readonly nsources?: number;
  readonly minreporting?: number;
  readonly lost?: number;
  readonly sources?: readonly string[];
  readonly completeness?: readonly { readonly expected: number; readonly reporting: number }[];
}

export async function description(front: Front): Promise<Description> {
  const { modules, fields, metrics, unavailable } = record(await front.json(''));
  return {
    modules: (modules ?? {}) as Description['modules'],
    fields: (fields ?? {}) as Description['fields'],
    metrics: (metrics ?? []) as Description['metrics'],
    unavailable: (unavailable ?? []) as Description['unavailable'],
  };
}

/** Throws NOT_FOUND with the names that come near. */
export function metricOf(d: Description, name: string): MetricResource {
  const metric = d.metrics.find((m) => `${m.module}.${m.stat}` === name);
  if (metric !== undefined) return metric;
  const near = nearest(
    name,
    d.metrics.map((m) => `${m.module}.${m.stat}`),
  );
  const hint = near === undefined ? '"cactl metrics" lists what can be asked' : `did you mean ${near}?`;
  throw new CaError('NOT_FOUND', `no machine here offers the metric ${name}; ${hint}`);
}

/** The type of a metric's field; undefined when the metric does not have it. */
export function typeOfField(
  d: Description,
  metric: MetricResource | undefined,
  field: string,
): TypeName | undefined {
  if (metric !== undefined && !metric.fields.includes(field)) return undefined;
  const name = Object.hasOwn(d.fields, field) ? d.fields[field]?.type : undefined;
  return TYPE_NAMES.find((type) => type === name);
}

/** The decomposition by arity, with types, for drawing. */
export function drawnFields(
  d: Description,
  i: Pick<InstrumentationResource, 'decomposition'>,
): { numeric?: { field: string; type: TypeName }; discrete?: string } {
  const found: { numeric?: { field: string; type: TypeName }; discrete?: string } = {};
  for (const field of i.decomposition) {
    const type = typeOfField(d, undefined, field) ?? 'string';
    if (isNumeric(type)) found.numeric = { field, type };
    else found.discrete = field;
  }
  return found;
}

/** "7", "global;7" or "cust:ID;7", as people and logs write it, to the path of its resource. */
export function instrumentationPath(id: string): string {
  const match = /^(?:global;|cust:([^;/?#]+);)?(\d{1,15})$/.exec(id);
  if (match === null) throw new UsageError(`"${id}" is no id of an instrumentation; "cactl list" shows them`);
  const [, customer, number = ''] = match;
  const scope = customer === undefined ? '' : `/customers/${encodeURIComponent(customer)}`;
  return `${scope}/instrumentations/${number}`;
}

export async function instrumentation(front: Front, id: string): Promise<InstrumentationResource> {
  return checked(await front.json(instrumentationPath(id)));
}

export async function instrumentations(front: Front, all: boolean): Promise<InstrumentationResource[]> {
  const list = await front.json('/instrumentations', all ? { query: { all: 'true' } } : {});
  return Array.isArray(list) ? list.map(checked) : [];
}

export async function rawValue(front: Front, id: string, request: FrontRequest): Promise<ValueResource[]> {
  const answer = await front.json(`${instrumentationPath(id)}/value/raw`, request);
  return (Array.isArray(answer) ? answer : [answer]) as ValueResource[];
}

function checked(value: unknown): InstrumentationResource {
  const { id, module, stat } = record(value);
  if (typeof id !== 'string' || typeof module !== 'string' || typeof stat !== 'string') {
    throw new CaError('INTERNAL', 'the server described an instrumentation in a way that is not understood');
  }
  const i = value as InstrumentationResource;
  return Array.isArray(i.decomposition) ? i : { ...i, decomposition: [] };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
