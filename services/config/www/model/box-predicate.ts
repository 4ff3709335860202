/* A box drawn on a heatmap, as a predicate: how a selection becomes an instrumentation. In: a box. Out: the API's JSON. */
import type { Predicate } from './answers.ts';
import type { Box } from './special.ts';

/** The events in a box, as a predicate: whole raw units, both ends included as far as they are inside. */
export function boxPredicate(box: Box, numeric: string | undefined): Predicate {
  if (numeric === undefined) return {};
  const low = Math.ceil(box.low);
  const high = Math.max(low, Math.ceil(box.high) - 1);
  if (low <= 0) return { le: [numeric, high] };
  return { and: [{ ge: [numeric, low] }, { le: [numeric, high] }] };
}
