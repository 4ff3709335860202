/*
 * The kstat part of a metric: which statistics, which of their numbers, and what in them is counted.
 * In: part `kstat` of a description. Out: input of source.ts, which makes probes.
 */
import type { Fields } from '../points';
import type { Measure, Numbers } from '../snapshots';
import type { Kstat, Selector } from './reader';

export interface KstatPart {
  /** Without hostname, which every row has. */
  readonly fields: readonly string[];
  readonly select: Selector;
  /** Filters the selected statistics. Absent: all. */
  readonly filter?: (kstat: Kstat) => boolean;
  /** Fields that are texts. */
  readonly names: (kstat: Kstat) => Fields;
  readonly counters?: (data: Data) => Numbers;
  readonly gauges?: (data: Data) => Numbers;
  readonly measure: Measure;
}

/** A number of the statistic; 0 if this release does not have it. */
export type Data = (name: string) => number;

/** The number itself, of each row. */
export const GAUGE: Measure = {
  kind: 'gauge',
  points: ({ fields, gauges }) => [{ fields, value: gauges?.['n'] ?? 0 }],
};

/** The increase of the number. */
export const COUNTER: Measure = {
  kind: 'counter',
  points: ({ fields }, { n = 0 }) => [{ fields, value: n }],
};
