/*
 * How many times each bucket was hit. In: (bucket, count) in any order. Out: a sum that can be added to others.
 * Next on the walk: value.ts.
 *
 * Two machines report one second of disk latencies. On the grid of bucket.ts 1.2 ms is bucket 462 (its range
 * is 1,200,000..1,299,999 ns) and 3.4 ms is bucket 484:
 *
 *     const first = [462, 10, 484, 1];         ten requests near 1.2 ms, one near 3.4 ms
 *     const second = [462, 5, 490, 2];
 *
 * That is all a distribution is: bucket, count, bucket, count, … with ascending buckets and no zero counts.
 * It is flat because it goes over the wire and into typed arrays as it stands. Adding is merging:
 *
 *     addDistributions(first, second)          [462, 15, 484, 1, 490, 2]
 *
 * The empty array is zero. Because all parties use the same grid, nothing is ever re-bucketed, so a sum of
 * sums equals the sum of everything: it does not matter whether seconds, nodes or keys are added first.
 * To print it, the grid turns buckets back into ranges:
 *
 *     toRanges(first, LOG_GRID)                [[[1200000, 1299999], 10], [[3400000, 3499999], 1]]
 */
import type { Bucket, Grid } from './bucket';

/** Flat pairs: bucket, count, bucket, count, … ; buckets ascend, counts are positive. */
export type Distribution = readonly number[];

/** The API's shape: [[lowest, highest], count], both ends inclusive. */
export type RangeCount = readonly [readonly [number, number], number];

export const EMPTY: Distribution = [];

/** The sum of two distributions on the same grid. Neither argument is changed. */
export function addDistributions(a: Distribution, b: Distribution): Distribution {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const sum: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i] ?? Infinity;
    const right = b[j] ?? Infinity;
    const bucket = Math.min(left, right);
    let count = 0;
    if (left === bucket) {
      count += a[i + 1] ?? 0;
      i += 2;
    }
    if (right === bucket) {
      count += b[j + 1] ?? 0;
      j += 2;
    }
    sum.push(bucket, count);
  }
  return sum;
}

/** A distribution from counts in any order, as a kernel map yields them. Zero counts are left out. */
export function fromCounts(counts: Iterable<readonly [Bucket, number]>): Distribution {
  const merged = new Map<Bucket, number>();
  for (const [bucket, count] of counts) merged.set(bucket, (merged.get(bucket) ?? 0) + count);
  return [...merged]
    .filter(([, count]) => count !== 0)
    .sort(([a], [b]) => a - b)
    .flat();
}

/** Calls back once for each bucket, in ascending order. */
export function eachBucket(d: Distribution, visit: (bucket: Bucket, count: number) => void): void {
  for (let i = 0; i + 1 < d.length; i += 2) visit(d[i] ?? 0, d[i + 1] ?? 0);
}

export function totalCount(d: Distribution): number {
  let total = 0;
  eachBucket(d, (_bucket, count) => (total += count));
  return total;
}

export function toRanges(d: Distribution, grid: Grid): RangeCount[] {
  const ranges: RangeCount[] = [];
  eachBucket(d, (bucket, count) => ranges.push([[grid.floorOf(bucket), grid.ceilOf(bucket)], count]));
  return ranges;
}

/** True for a valid distribution. Used to check untrusted input. */
export function isDistribution(d: readonly unknown[], grid: Grid): d is Distribution {
  if (d.length % 2 !== 0) return false;
  let previous = -1;
  for (let i = 0; i < d.length; i += 2) {
    const bucket = d[i];
    const count = d[i + 1];
    if (!Number.isSafeInteger(bucket) || !Number.isSafeInteger(count)) return false;
    if ((bucket as number) <= previous || (bucket as number) >= grid.size || (count as number) <= 0)
      return false;
    previous = bucket as number;
  }
  return true;
}
