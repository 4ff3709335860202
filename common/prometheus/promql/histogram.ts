/*
 * Distributions as PromQL histograms: buckets by their bounds. In: counts on our grid, or histograms. Out: sums,
 * quantiles, fractions. Counts and bounds are exact; sums and averages are estimated from the middle of each bucket.
 *
 * Values are whole numbers, so that "at least low and at most high" is "more than low - 1 and at most high". Bounds are
 * above 0 and finite even for 0: viewers draw them on a logarithmic axis, where any other bucket would vanish.
 */
import type { Bucket, Grid } from '../../model/bucket';

/** Flat triples: left bound (exclusive), right bound (inclusive), count; ascending, and no two overlap. */
export type Histogram = readonly number[];

/** Bounds of a grid's buckets in units, such as seconds: a raw value is divided by `perUnit`. */
export class Edges {
  readonly lefts: Float64Array;
  readonly rights: Float64Array;

  constructor(grid: Grid, perUnit: number) {
    // Divide, do not multiply: a quotient is the double nearest to the decimal fraction, a multiple of 1e-9 often is not.
    this.lefts = Float64Array.from(
      { length: grid.size },
      (_, bucket) => leftOf(grid.floorOf(bucket)) / perUnit,
    );
    this.rights = Float64Array.from({ length: grid.size }, (_, bucket) => rightOf(grid, bucket) / perUnit);
  }
}

function leftOf(low: number): number {
  return low >= 2 ? low - 1 : low === 1 ? 0.5 : 0.25;
}

function rightOf(grid: Grid, bucket: Bucket): number {
  return Math.max(grid.ceilOf(bucket), 0.5);
}

/** undefined: buckets of the two overlap without being equal, so that counts cannot be added. */
export function addHistograms(a: Histogram, b: Histogram): Histogram | undefined {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const sum: number[] = [];
  let [i, j] = [0, 0];
  let last = -Infinity;
  while (i < a.length || j < b.length) {
    const [leftA, rightA] = [a[i] ?? Infinity, a[i + 1] ?? Infinity];
    const [leftB, rightB] = [b[j] ?? Infinity, b[j + 1] ?? Infinity];
    const same = leftA === leftB && rightA === rightB;
    const first = same || rightA < rightB || (rightA === rightB && i < a.length && j >= b.length);
    const [left, right] = first ? [leftA, rightA] : [leftB, rightB];
    if (left < last) return undefined;
    last = right;
    let count = 0;
    if (same || first) {
      count += a[i + 2] ?? 0;
      i += 3;
    }
    if (same || !first) {
      count += b[j + 2] ?? 0;
      j += 3;
    }
    sum.push(left, right, count);
  }
  return sum;
}

export function scaled(h: Histogram, factor: number): Histogram {
  return h.map((number, i) => (i % 3 === 2 ? number * factor : number));
}

export function countOf(h: Histogram): number {
  let count = 0;
  for (let i = 2; i < h.length; i += 3) count += h[i] ?? 0;
  return count;
}

/** Estimated from the middle of each bucket. */
export function sumOf(h: Histogram): number {
  let sum = 0;
  for (let i = 0; i < h.length; i += 3) sum += (((h[i] ?? 0) + (h[i + 1] ?? 0)) / 2) * (h[i + 2] ?? 0);
  return sum;
}

/** Counts are spread evenly within their bucket, as in Prometheus for custom bounds. */
export function quantileOf(h: Histogram, share: number): number {
  if (Number.isNaN(share)) return NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const count = countOf(h);
  if (!(count > 0)) return NaN;
  const rank = share * count;
  let before = 0;
  for (let i = 0; i < h.length; i += 3) {
    const [left, right, own] = [h[i] ?? 0, h[i + 1] ?? 0, h[i + 2] ?? 0];
    if (before + own >= rank && own > 0) return left + (right - left) * Math.max(0, (rank - before) / own);
    before += own;
  }
  return h[h.length - 2] ?? NaN;
}

/** The share of counts from `low` to `high`. */
export function fractionOf(h: Histogram, low: number, high: number): number {
  const count = countOf(h);
  if (!(count > 0) || Number.isNaN(low) || Number.isNaN(high)) return NaN;
  if (low >= high) return 0;
  let within = 0;
  for (let i = 0; i < h.length; i += 3) {
    const [left, right, own] = [h[i] ?? 0, h[i + 1] ?? 0, h[i + 2] ?? 0];
    const part = Math.min(high, right) - Math.max(low, left);
    if (part > 0) within += own * Math.min(1, part / (right - left));
  }
  return within / count;
}
