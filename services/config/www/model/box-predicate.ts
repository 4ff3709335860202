/* A box drawn on a picture, as a predicate: how a selection becomes an instrumentation. In: a box. Out: the API's JSON. */
import type { Predicate } from './answers.ts';

/** Seconds since 1970; end is exclusive. */
export interface Seconds {
  readonly start: number;
  readonly end: number;
}

export interface Box extends Seconds {
  /** Raw units; high is exclusive. */
  readonly low: number;
  readonly high: number;
}

/** The events in a box, as a predicate: whole raw units, both ends included as far as they are inside. */
export function boxPredicate(box: Box, numeric: string | undefined): Predicate {
  if (numeric === undefined) return {};
  const low = Math.ceil(box.low);
  const high = Math.max(low, Math.ceil(box.high) - 1);
  if (low <= 0) return { le: [numeric, high] };
  return { and: [{ ge: [numeric, low] }, { le: [numeric, high] }] };
}
