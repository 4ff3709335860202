/*
 * What is known about one cell of a heatmap, or one slot of a graph. In: the aggregator's details, or a point. Out: counts
 * and shares, by key, ready to be shown.
 */
import type { DetailsAnswer } from '../../../../common/api/heatmap.ts';
import type { Point } from './values/history.ts';

/** A place in the picture: a slot of time and a range of values (high exclusive). */
export interface Cell {
  readonly time: number;
  readonly low: number;
  readonly high: number;
}

export interface CellFacts {
  readonly count: number;
  /** All events of the slot. */
  readonly total: number;
  /** Keys with events in the cell, largest first. */
  readonly keys: readonly (readonly [string, number])[];
  /** Keys that are not among them. */
  readonly more: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Which sources counted it; absent: not known. */
  readonly sources?: readonly string[];
}

/** As they were asked for by detailsQuery. */
export function factsOf({ total, keys = [], omitted, column, sources = [] }: DetailsAnswer): CellFacts {
  return {
    count: total,
    total: column?.total ?? total,
    keys: keys.map(({ key, total: count }) => [key, count] as const),
    more: omitted?.keys ?? 0,
    p50: column?.percentiles[0] ?? undefined,
    p99: column?.percentiles[1] ?? undefined,
    ...(sources.length === 0 ? {} : { sources }),
  };
}

export function factsOfPoint({ all, keys, sources }: Point): CellFacts {
  const counts = [...keys].map(([key, { count }]) => [key, count] as const);
  counts.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return {
    count: all.count,
    total: all.count,
    keys: counts,
    more: 0,
    p50: undefined,
    p99: undefined,
    ...(sources === undefined ? {} : { sources }),
  };
}
