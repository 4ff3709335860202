/*
 * Merges fine buckets into the few rows of a terminal. In: ranges of the API ([[lo, hi], count]). Out: rows whose bounds are
 * bounds of the fine grid too, so that every count is exact and none is split.
 */
import { LOG_GRID } from '../../common/model/bucket';
import type { RangeCount } from '../../common/model/distribution';

export interface Row {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly count: number;
}

/** Bounds per decade, coarser and coarser; each set contains the next. */
const STEPS: readonly (readonly number[])[] = [
  Array.from({ length: 90 }, (_, i) => 10 + i),
  Array.from({ length: 18 }, (_, i) => 10 + 5 * i),
  [10, 20, 30, 40, 50, 60, 70, 80, 90],
  [10, 20, 50],
  [10],
];
const MULTIPLES = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000];

/** Ascending lower bounds: log-linear ones that cover lo..hi, as fine as `most` rows allow. */
export function logBounds(lo: number, hi: number, most: number): number[] {
  for (const steps of STEPS) {
    const bounds = boundsBetween(lo, hi, steps);
    if (bounds.length <= most) return bounds;
  }
  return boundsBetween(lo, hi, [10]);
}

function boundsBetween(lo: number, hi: number, steps: readonly number[]): number[] {
  const bounds =
    steps.length === 1 ? [0, 1] : steps.length === 3 ? [0, 1, 2, 5] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (let power = 1; power <= 1e14; power *= 10) for (const step of steps) bounds.push(step * power);
  let first = 0;
  while ((bounds[first + 1] ?? Infinity) <= lo) first++;
  let last = first;
  while ((bounds[last + 1] ?? Infinity) <= hi) last++;
  return bounds.slice(first, last + 1);
}

/**
 * The same for sizes, which people count in powers of two: each bound is that of the bucket which holds the power. A power
 * itself, as block sizes are, is in the row that is named after it; at most 2 % below it are, too.
 */
export function binaryBounds(lo: number, hi: number, most: number): number[] {
  for (let step = 1; ; step *= 2) {
    const bounds = [0];
    for (let power = 0; power < BITS; power += step) bounds.push(floorOfPower(power));
    let first = 0;
    while ((bounds[first + 1] ?? Infinity) <= lo) first++;
    let last = first;
    while ((bounds[last + 1] ?? Infinity) <= hi) last++;
    if (last - first < most || step >= BITS) return bounds.slice(first, last + 1);
  }
}

const BITS = 50;

function floorOfPower(power: number): number {
  return LOG_GRID.floorOf(LOG_GRID.bucketOf(2 ** power));
}

/** What a row of sizes is called: the power of two in its first bucket. */
export function sizeOfBound(from: number): number {
  return from === 0 ? 0 : 2 ** Math.ceil(Math.log2(from) - 1e-9);
}

/** Equal steps, for percentages and the like. `step` is that of the fine grid. */
export function linearBounds(lo: number, hi: number, step: number, most: number): number[] {
  for (const multiple of MULTIPLES) {
    const wide = step * multiple;
    const first = Math.floor(lo / wide);
    const count = Math.floor(hi / wide) - first + 1;
    if (count <= most) return Array.from({ length: count }, (_, i) => (first + i) * wide);
  }
  return [0];
}

/** Every range goes to the row its lower end lies in. */
export function toRows(ranges: readonly RangeCount[], bounds: readonly number[]): Row[] {
  const counts = new Array<number>(bounds.length).fill(0);
  for (const [[lo], count] of ranges) {
    const at = rowOf(lo, bounds);
    counts[at] = (counts[at] ?? 0) + count;
  }
  return bounds.map((from, i) => ({ from, to: (bounds[i + 1] ?? Infinity) - 1, count: counts[i] ?? 0 }));
}

/** Index of the last bound that is not above the value; 0 for values below all. */
export function rowOf(value: number, bounds: readonly number[]): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((bounds[middle] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The same bounds for several distributions, with an empty row at each end where there is room. */
export function boundsFor(
  ranges: readonly RangeCount[],
  linearStep: number | undefined,
  most: number,
  isSize = false,
): number[] {
  let lo = Infinity;
  let hi = 0;
  for (const [[from]] of ranges) {
    lo = Math.min(lo, from);
    hi = Math.max(hi, from);
  }
  if (lo === Infinity) return [0];
  if (isSize) return binaryBounds(lo, hi, most);
  return linearStep === undefined ? logBounds(lo, hi, most) : linearBounds(lo, hi, linearStep, most);
}
