/*
 * The API's resources as these tools see them: instrumentations, metadata, values. In: a Front. Out: typed objects.
 * Answers are checked as far as they are used: an untrusted server must not crash the tool.
 */
import type { CatalogueAnswer, MetricInfo } from '../../../common/api/catalogue';
import type { InstrumentationAnswer } from '../../../common/api/instrumentation';
import type { RawAnswer } from '../../../common/api/value';
import { CaError } from '../../../common/service/errors';
import { TYPE_NAMES, isNumeric, type TypeName } from '../../../common/model/field';
import { UsageError } from '../options';
import type { Front, FrontRequest } from './front';
import { nearest } from '../../../common/model/nearest';

/** GET /ca, as far as these tools read it. */
export type Description = Pick<CatalogueAnswer, 'modules' | 'fields' | 'metrics' | 'unavailable'>;

export async function description(front: Front): Promise<Description> {
  const answer = (await front.json('')) as Partial<CatalogueAnswer> | null;
  const { modules = {}, fields = {}, metrics = [], unavailable = [] } = answer ?? {};
  return { modules, fields, metrics, unavailable };
}

/** Throws NOT_FOUND with similar names. */
export function metricOf(d: Description, name: string): MetricInfo {
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
  metric: MetricInfo | undefined,
  field: string,
): TypeName | undefined {
  if (metric !== undefined && !metric.fields.includes(field)) return undefined;
  const name = Object.hasOwn(d.fields, field) ? d.fields[field]?.type : undefined;
  return TYPE_NAMES.find((type) => type === name);
}

/** The decomposition by arity, with types, for drawing. */
export function drawnFields(
  d: Description,
  i: Pick<InstrumentationAnswer, 'decomposition'>,
): { numeric?: { field: string; type: TypeName }; discrete?: string } {
  const found: { numeric?: { field: string; type: TypeName }; discrete?: string } = {};
  for (const field of i.decomposition) {
    const type = typeOfField(d, undefined, field) ?? 'string';
    if (isNumeric(type)) found.numeric = { field, type };
    else found.discrete = field;
  }
  return found;
}

/** "7", "global;7" or "cust:ID;7", as in commands and logs, to the path of its resource. */
export function instrumentationPath(id: string): string {
  const match = /^(?:global;|cust:([^;/?#]+);)?(\d{1,15})$/.exec(id);
  if (match === null) throw new UsageError(`"${id}" is no id of an instrumentation; "cactl list" shows them`);
  const [, customer, number = ''] = match;
  const scope = customer === undefined ? '' : `/customers/${encodeURIComponent(customer)}`;
  return `${scope}/instrumentations/${number}`;
}

export async function instrumentation(front: Front, id: string): Promise<InstrumentationAnswer> {
  return checked(await front.json(instrumentationPath(id)));
}

export async function instrumentations(front: Front, all: boolean): Promise<InstrumentationAnswer[]> {
  const list = await front.json('/instrumentations', all ? { query: { all: 'true' } } : {});
  return Array.isArray(list) ? list.map(checked) : [];
}

export async function rawValue(front: Front, id: string, request: FrontRequest): Promise<RawAnswer[]> {
  const answer = await front.json(`${instrumentationPath(id)}/value/raw`, request);
  return (Array.isArray(answer) ? answer : [answer]) as RawAnswer[];
}

/** An untrusted server may answer anything; properties that are read without a check must exist. */
function checked(value: unknown): InstrumentationAnswer {
  const i = (value ?? {}) as Partial<InstrumentationAnswer>;
  const texts = [i.id, i.uri, i.module, i.stat];
  if (!texts.every((text) => typeof text === 'string')) {
    throw new CaError('INTERNAL', 'the server described an instrumentation in a way that is not understood');
  }
  const { decomposition, nodes } = i;
  return {
    ...(i as InstrumentationAnswer),
    decomposition: Array.isArray(decomposition) ? decomposition : [],
    ...(nodes === undefined || Array.isArray(nodes) ? {} : { nodes: [] }),
  };
}
