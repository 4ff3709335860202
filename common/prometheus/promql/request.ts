/*
 * Parameters of Prometheus' API, and the front door's requests to aggregators. In: a query string or form.
 * Out: checked times and texts, or an INVALID error that names the parameter.
 */
import { invalid } from '../../service/errors';
import type { Request } from '../../http/http';
import { PROMQL_LIMITS } from './limits';
import { checker, Type, type Static } from '../../model/schema';
import type { Times } from './answer';
import { durationMs, momentMs } from './duration';

const ASK = Type.Object(
  {
    /** parts: leaves for the front door to evaluate; series: the label sets that `matches` select. */
    want: Type.Union([Type.Literal('answer'), Type.Literal('parts'), Type.Literal('series')]),
    query: Type.String({ maxLength: PROMQL_LIMITS.queryLength }),
    matches: Type.Array(Type.String({ maxLength: PROMQL_LIMITS.queryLength }), {
      maxItems: PROMQL_LIMITS.matches,
    }),
    instant: Type.Boolean(),
    timeoutMs: Type.Integer({ minimum: 1 }),
    /** Greatest number of values to read for this part of the answer. */
    numbers: Type.Integer({ minimum: 1, maximum: PROMQL_LIMITS.numbers }),
    times: Type.Object({
      start: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
      step: Type.Integer({ minimum: 1, maximum: 8.64e15 }),
      count: Type.Integer({ minimum: 1, maximum: PROMQL_LIMITS.points }),
    }),
    /** fqids; an aggregator omits those that it does not have (any more). */
    instrumentations: Type.Array(Type.String({ maxLength: 128 }), {
      maxItems: PROMQL_LIMITS.instrumentations,
    }),
  },
  { additionalProperties: false },
);

export type Ask = Static<typeof ASK>;
export const checkAsk = checker(ASK, 'body');

type Parameters = Request['query'];

export function oneText(query: Parameters, name: string): string | undefined {
  const value = query.get(name);
  if (value === undefined || typeof value === 'string') return value;
  if (value.length === 1) return value[0];
  throw invalid(name, 'must be given once');
}

export function manyTexts(query: Parameters, name: string): readonly string[] {
  const value = query.get(name) ?? [];
  return typeof value === 'string' ? [value] : value;
}

export function moment(query: Parameters, name: string): number | undefined {
  const text = oneText(query, name);
  if (text === undefined || text === '') return undefined;
  const ms = momentMs(text);
  if (ms === undefined)
    throw invalid(name, 'must be seconds since 1970, or a time such as 2026-11-30T19:00:00Z');
  return ms;
}

function span(query: Parameters, name: string): number | undefined {
  const text = oneText(query, name);
  if (text === undefined || text === '') return undefined;
  const ms = durationMs(text);
  if (ms === undefined || ms <= 0 || ms > 8.64e15)
    throw invalid(name, 'must be a positive span, such as 15 or 1m30s');
  return ms;
}

export function rangeOf(query: Parameters): Times {
  const [start, end, step] = [moment(query, 'start'), moment(query, 'end'), span(query, 'step')];
  if (start === undefined) throw invalid('start', 'is needed');
  if (end === undefined) throw invalid('end', 'is needed');
  if (step === undefined) throw invalid('step', 'is needed');
  if (end < start) throw invalid('end', 'must not be before start');
  const count = Math.floor((end - start) / step) + 1;
  if (count > PROMQL_LIMITS.points)
    throw invalid('step', `makes more than ${PROMQL_LIMITS.points} points: use a larger one`);
  return { start, step, count };
}

export function timeoutOf(query: Parameters): number {
  return Math.max(1, Math.min(span(query, 'timeout') ?? PROMQL_LIMITS.ms, PROMQL_LIMITS.ms));
}

/** Requested number of entries of a list; 0 and absent: all. */
export function limitOf(query: Parameters): number {
  const text = oneText(query, 'limit');
  if (text === undefined || text === '' || text === '0') return Infinity;
  if (!/^\d{1,9}$/.test(text)) throw invalid('limit', 'must be a whole number');
  return Number(text);
}
