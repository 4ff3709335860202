/*
 * Numbers along time: for each slot (or column of a picture) the average or percentiles of what was counted.
 * In: slots, oldest first. Out: a list, oldest first; undefined where nothing was counted.
 *
 * Counts are taken from the grid itself, not from the picture's rows: the error is that of the grid (4.8 % at most),
 * whatever the picture's ymax and nbuckets are.
 */
import type { Grid } from '../../../common/model/bucket';
import type { Row } from '../dataset/cells';
import type { CountedSlot } from './bucketize';

interface SeriesOptions<T> {
  readonly grid: Grid;
  /** How many numbers there will be, and which of them a slot belongs to. */
  readonly count: number;
  readonly placeOf: (time: number) => number;
  readonly keep: (key: string) => boolean;
  /** From the counts of one place, all kept keys together. */
  readonly read: (row: Row, grid: Grid) => T;
}

export class Series<T> {
  private readonly values: (T | undefined)[];
  private readonly options: SeriesOptions<T>;
  private place = -1;
  /** Counts by bucket of all places together. */
  readonly all: Float64Array;
  /** Counts of the place at hand by bucket; buckets low..high are in use. */
  private readonly sums: Float64Array;
  private low = Infinity;
  private high = -1;
  /** What `read` gets: used over and over. */
  private readonly buckets: Uint16Array;
  private readonly counts: Float64Array;

  constructor(options: SeriesOptions<T>) {
    this.options = options;
    this.values = new Array<T | undefined>(options.count).fill(undefined);
    this.sums = new Float64Array(options.grid.size);
    this.all = new Float64Array(options.grid.size);
    this.buckets = new Uint16Array(options.grid.size);
    this.counts = new Float64Array(options.grid.size);
  }

  readonly add = (slot: CountedSlot): void => {
    const place = this.options.placeOf(slot.time);
    if (place !== this.place) this.close();
    this.place = place;
    slot.each((key, { buckets, counts, from, to }) => {
      if (from === to || !this.options.keep(key)) return;
      for (let i = from; i < to; i++) {
        const bucket = buckets[i] ?? 0;
        this.sums[bucket] = (this.sums[bucket] ?? 0) + (counts[i] ?? 0);
      }
      this.low = Math.min(this.low, buckets[from] ?? 0);
      this.high = Math.max(this.high, buckets[to - 1] ?? 0);
    });
  };

  /** After the last slot. */
  result(): readonly (T | undefined)[] {
    this.close();
    return this.values;
  }

  private close(): void {
    const { sums, buckets, counts, low, high } = this;
    if (high < 0) return;
    let to = 0;
    for (let bucket = low; bucket <= high; bucket++) {
      const count = sums[bucket] ?? 0;
      if (count === 0) continue;
      buckets[to] = bucket;
      counts[to++] = count;
      this.all[bucket] = (this.all[bucket] ?? 0) + count;
    }
    this.values[this.place] = this.options.read({ buckets, counts, from: 0, to }, this.options.grid);
    sums.fill(0, low, high + 1);
    this.low = Infinity;
    this.high = -1;
  }
}

/** Mean of the middles of the ranges. */
export function average({ buckets, counts, from, to }: Row, grid: Grid): number {
  let sum = 0;
  let total = 0;
  for (let i = from; i < to; i++) {
    const bucket = buckets[i] ?? 0;
    const count = counts[i] ?? 0;
    sum += (count * (grid.floorOf(bucket) + grid.ceilOf(bucket))) / 2;
    total += count;
  }
  return sum / total;
}

/** The value below which the share p (0..1) of the counts lies, evenly spread within its bucket. */
export function percentile({ buckets, counts, from, to }: Row, grid: Grid, p: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += counts[i] ?? 0;
  let below = 0;
  for (let i = from; i < to; i++) {
    const count = counts[i] ?? 0;
    // The last bucket takes what rounding leaves over.
    if (below + count >= p * total || i === to - 1) {
      const floor = grid.floorOf(buckets[i] ?? 0);
      const end = grid.ceilOf(buckets[i] ?? 0) + 1;
      return floor + Math.min((p * total - below) / count, 1) * (end - floor);
    }
    below += count;
  }
  return 0;
}

/** The same of counts by bucket. */
export function percentileOf(spread: Float64Array, grid: Grid, p: number): number | undefined {
  const buckets: number[] = [];
  spread.forEach((count, bucket) => {
    if (count > 0) buckets.push(bucket);
  });
  if (buckets.length === 0) return undefined;
  const counts = Float64Array.from(buckets, (bucket) => spread[bucket] ?? 0);
  return percentile({ buckets: Uint16Array.from(buckets), counts, from: 0, to: buckets.length }, grid, p);
}
