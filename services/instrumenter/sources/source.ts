/*
 * What a source is: a way to gather on this machine (BPF, /proc, DTrace, kstat, seeded random numbers).
 * In: an instrumentation. Out: a probe that yields a value for each second, or the reason why not.
 */
import type { Instrumentation } from '../../../common/model/instrumentation';
import type { MetricName } from '../../../common/model/metric';
import { SOURCE_NAMES, type SourceName } from '../../../common/model/source-name';
import type { Value } from '../../../common/model/value';
import type { Losses } from './loss';

export { SOURCE_NAMES, type SourceName };

/** What a source can do with one metric on this machine, decided once at start. */
export type Offer =
  | {
      readonly metric: MetricName;
      readonly fields: readonly string[];
      /** Those among them that can be broken down by, and not filtered by. */
      readonly unfiltered?: readonly string[];
      /** Why it does not know others that the metric has, where there is more to say than that. */
      readonly lacking?: Readonly<Record<string, string>>;
    }
  | { readonly metric: MetricName; readonly unavailable: string };

/** What a probe read for one closed second. */
export interface Reading {
  readonly value: Value;
  /** Events that are known to have happened and are not in the value (full map, cut output). */
  readonly lost: number;
  /** The same by reason, where there is more to say than that the source dropped them. */
  readonly losses?: Losses;
}

/** What a probe has cost since it was enabled, as far as its source was counting that (Source.countCost). */
export interface Cost {
  /** Runs of its programs, and nanoseconds spent in them. */
  readonly runs: number;
  readonly nanoseconds: number;
  /** Memory of the kernel's that it holds now. */
  readonly bytes: number;
}

/** One instrumentation, being gathered. */
export interface Probe {
  /** Closes the second: from here on events count to the next. Cheap, called for all probes in a row. */
  turn(): void;
  /**
   * From this second of the wall clock on events count to the next by their own time, however late turn() comes then.
   * False when it is too late for that. Called when the last reading is done. Absent: the second ends with turn().
   */
  until?(second: number): boolean;
  /** The second that the last turn() closed. Called once after each turn(), when the source has settled. */
  read(): Reading | Promise<Reading>;
  /** Absent: nobody counts what it costs. */
  cost?(): Cost;
  /** What of the question it cannot see, in one sentence; undefined when it sees all. Absent: it always does. */
  shortfall?(): string | undefined;
  /** Stops gathering; afterwards nothing of the probe is left in the kernel. */
  close(): void | Promise<void>;
}

export interface Source {
  readonly name: SourceName;
  offers(): readonly Offer[];
  /** Has `tell` called whenever the offers have changed. Absent: they do not. */
  onChange?(tell: () => void): void;
  /** Rejects with an EnableError when this machine will not do it. */
  enable(instrumentation: Instrumentation): Promise<Probe>;
  /** After turn() of all probes: resolves when no event can land in the closed second any more. */
  settle?(): Promise<void>;
  /** Counts what its probes cost, from now on or no more. Counting costs too. False where it is not allowed. */
  countCost?(on: boolean): boolean;
  close(): void | Promise<void>;
}

/** Why an instrumentation does not run here: one sentence for people, and what the kernel or tool said. */
export class EnableError extends Error {
  /** Last lines of the verifier's or tracer's own words. */
  readonly log: string;

  constructor(reason: string, log = '') {
    super(reason);
    this.name = 'EnableError';
    this.log = log;
  }
}
