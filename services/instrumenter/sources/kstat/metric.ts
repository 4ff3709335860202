/*
 * What the kstat source knows of a metric: which statistics, which of their numbers, and what of them is counted.
 * In: part `kstat` of a description. Out: what source.ts makes probes of.
 */
import type { Fields } from '../points';
import type { Measure, Numbers } from '../snapshots';
import type { Kstat, Selector } from './reader';

export interface KstatPart {
  /** Without hostname, which every row has. */
  readonly fields: readonly string[];
  readonly select: Selector;
  /** Which of those selected: all when absent. */
  readonly filter?: (kstat: Kstat) => boolean;
  /** Fields that are texts. */
  readonly names: (kstat: Kstat) => Fields;
  readonly counters?: (data: Data) => Numbers;
  readonly gauges?: (data: Data) => Numbers;
  readonly measure: Measure;
}

/** A number of the statistic; 0 when this release has no such number. */
export type Data = (name: string) => number;

/** The number itself, of each row. */
export const GAUGE: Measure = {
  kind: 'gauge',
  points: ({ fields, gauges }) => [{ fields, value: gauges?.['n'] ?? 0 }],
};

/** By how much the number has grown. */
export const COUNTER: Measure = {
  kind: 'counter',
  points: ({ fields }, { n = 0 }) => [{ fields, value: n }],
};
