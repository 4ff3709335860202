/* What a dataset is restored from: slots with their sums, and who reported. Written and read by disk/remembered.ts. */

/** Key; its buckets, ascending; their counts. */
export type RememberedRow = readonly [string, Uint16Array, Float64Array];

export interface RememberedSlot {
  readonly time: number;
  readonly lost: number;
  readonly late: number;
  /** Reports that are in it. */
  readonly reports: number;
  readonly leastReporting: number;
  /** Absent: written before it was noted. */
  readonly sources?: number;
  readonly rows: readonly RememberedRow[];
}

/** First second of a period, and who reported for it. */
type RememberedPeriod = readonly [number, readonly string[]];

export interface Remembered {
  readonly slots: readonly RememberedSlot[];
  readonly periods: readonly RememberedPeriod[];
}
