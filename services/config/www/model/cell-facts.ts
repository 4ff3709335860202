/*
 * What is known about one cell, or one second, of a heatmap. In: a point and a range of values. Out: counts and shares,
 * by key, ready to be shown.
 */
import type { Point } from './history.ts';
import { countBetween, percentile } from './slice.ts';

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
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

export function factsOf(point: Point, cell: Cell): CellFacts {
  const keys = [...point.keys]
    .map(([key, slice]) => [key, countBetween(slice, cell.low, cell.high)] as const)
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return {
    count: countBetween(point.all, cell.low, cell.high),
    total: point.all.count,
    keys,
    p50: percentile(point.all, 0.5),
    p99: percentile(point.all, 0.99),
  };
}
