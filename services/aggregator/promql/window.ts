/*
 * Counts of the slots within a moving window, of one series. In: rows as slots enter and leave. Out: their sum, as a
 * number or a histogram. Each slot of a long query is added once and subtracted once, not once per column.
 */
import type { Edges, Histogram } from '../../../common/prometheus/promql/histogram';
import type { Row } from '../dataset/cells';

/** Rows of a slot, copied: an open slot changes. */
export type Held = Row;

export function held({ buckets, counts, from, to }: Row): Held {
  return { buckets: buckets.slice(from, to), counts: counts.slice(from, to), from: 0, to: to - from };
}

export class WindowSum {
  /** Rows that are in it. */
  private rows = 0;
  private readonly counts: Float64Array;
  private low: number;
  private high = -1;

  constructor(size: number) {
    this.counts = new Float64Array(size);
    this.low = size;
  }

  enter({ buckets, counts, from, to }: Row): void {
    this.rows++;
    for (let i = from; i < to; i++) {
      const bucket = buckets[i] ?? 0;
      this.counts[bucket] = (this.counts[bucket] ?? 0) + (counts[i] ?? 0);
      if (bucket < this.low) this.low = bucket;
      if (bucket > this.high) this.high = bucket;
    }
  }

  leave({ buckets, counts, from, to }: Held): void {
    // Subtracting fractions may leave a rounding error.
    if (--this.rows === 0) {
      this.clear();
      return;
    }
    for (let i = from; i < to; i++) {
      const bucket = buckets[i] ?? 0;
      this.counts[bucket] = (this.counts[bucket] ?? 0) - (counts[i] ?? 0);
    }
  }

  clear(): void {
    this.rows = 0;
    if (this.high >= this.low) this.counts.fill(0, this.low, this.high + 1);
    this.low = this.counts.length;
    this.high = -1;
  }

  get empty(): boolean {
    return this.rows === 0;
  }

  /** Numbers are counted in bucket 0. */
  number(factor: number): number {
    return (this.counts[0] ?? 0) * factor;
  }

  histogram({ lefts, rights }: Edges, factor: number): Histogram {
    const triples: number[] = [];
    for (let bucket = this.low; bucket <= this.high; bucket++) {
      const count = this.counts[bucket] ?? 0;
      if (count > 1e-9) triples.push(lefts[bucket] ?? 0, rights[bucket] ?? 0, count * factor);
    }
    return triples;
  }
}
