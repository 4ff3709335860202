/* Persistent form of a dataset: slots with their sums, and the nodes that reported. Written and read by disk/remembered.ts. */

/** Key; its buckets, ascending; their counts. */
export type RememberedRow = readonly [string, Uint16Array, Float64Array];

export interface RememberedSlot {
  readonly time: number;
  readonly lost: number;
  readonly late: number;
  /** Number of reports in it. */
  readonly reports: number;
  readonly leastReporting: number;
  /** Absent: written by an earlier version. */
  readonly sources?: number;
  readonly rows: readonly RememberedRow[];
}

/** First second of a period, and the nodes that reported for it. */
type RememberedPeriod = readonly [number, readonly string[]];

export interface Remembered {
  readonly slots: readonly RememberedSlot[];
  readonly periods: readonly RememberedPeriod[];
}
