/*
 * Value <-> bucket: the grid that every source, system and message counts on.
 * In: a number in raw units. Out: a small integer, and the range of values it stands for.
 * The walk starts here; next: distribution.ts.
 *
 * A grid is a pair of almost inverse functions: floorOf(bucketOf(v)) <= v <= ceilOf(bucketOf(v)).
 * Counts are sent and stored by bucket; ranges appear only in output for people.
 */

export type Bucket = number;

/** How the values of a numeric field are put into buckets. */
export interface Grid {
  /** Buckets are 0 .. size-1. */
  readonly size: number;
  /** The bucket of a value; values outside the grid go to its first or last bucket. */
  bucketOf(value: number): Bucket;
  /** Smallest whole value of the bucket. */
  floorOf(bucket: Bucket): number;
  /** Largest whole value of the bucket (inclusive, as the API prints it). */
  ceilOf(bucket: Bucket): number;
}

/** Values 0..9 have a bucket each; each decade above has 90 (two significant digits). */
const EXACT = 10;
const PER_DECADE = 90;
/** Decades above the exact values: 10..99 is the first; the last ends at 10^15 - 1. */
const LOG_DECADES = 14;

const POWERS = Array.from({ length: LOG_DECADES + 2 }, (_, k) => 10 ** k);
const powerOfTen = (k: number): number => POWERS[k] ?? 10 ** k;

/** Values at or above this are counted in the last bucket. */
export const LOG_LIMIT = powerOfTen(LOG_DECADES + 1);

/**
 * Log-linear decimal grid: DTrace's llquantize(v, 10, …, 100) and OpenHistogram's.
 * A bucket of v >= 10 is [d·10^k, (d+1)·10^k - 1] with d in 10..99: worst error 4.8 %.
 */
export const LOG_GRID: Grid = {
  size: EXACT + PER_DECADE * LOG_DECADES,
  bucketOf(value) {
    if (!(value >= 1)) return 0; // also NaN and negative numbers: a clock that went back counts as 0
    if (value < EXACT) return Math.floor(value);
    if (value >= LOG_LIMIT) return this.size - 1;
    // Comparing with exact powers, not Math.log10: log10(1000) is 2.9999999999999996 on some engines.
    let k = 0;
    while (value >= powerOfTen(k + 2)) k++;
    return EXACT + PER_DECADE * k + Math.floor(value / powerOfTen(k)) - EXACT;
  },
  floorOf(bucket) {
    if (bucket < EXACT) return bucket;
    const k = Math.floor((bucket - EXACT) / PER_DECADE);
    return (((bucket - EXACT) % PER_DECADE) + EXACT) * powerOfTen(k);
  },
  ceilOf(bucket) {
    if (bucket < EXACT) return bucket;
    return this.floorOf(bucket) + powerOfTen(Math.floor((bucket - EXACT) / PER_DECADE)) - 1;
  },
};

/** Equal steps from 0: percentages (step 1), offsets within a second (step 10 ms). */
export function linearGrid(step: number, size: number): Grid {
  return {
    size,
    bucketOf: (value) => (value > 0 ? Math.min(Math.floor(value / step), size - 1) : 0),
    floorOf: (bucket) => bucket * step,
    ceilOf: (bucket) => (bucket + 1) * step - 1,
  };
}
