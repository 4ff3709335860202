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
      /** Those of them that support a breakdown but not a filter. */
      readonly unfiltered?: readonly string[];
      /** Why it lacks other fields of the metric, if there is a specific reason. */
      readonly lacking?: Readonly<Record<string, string>>;
    }
  | { readonly metric: MetricName; readonly unavailable: string };

/** The reading of a probe for one closed second. */
export interface Reading {
  readonly value: Value;
  /** Events that are known to have happened and are not in the value (full map, cut output). */
  readonly lost: number;
  /** The same by reason, if there is a more specific one than that the source dropped them. */
  readonly losses?: Losses;
}

/** The cost of a probe since it was enabled, for the time in which its source measured it (Source.countCost). */
export interface Cost {
  /** Runs of its programs, and nanoseconds spent in them. */
  readonly runs: number;
  readonly nanoseconds: number;
  /** Kernel memory that it uses now. */
  readonly bytes: number;
}

/** One instrumentation, being gathered. */
export interface Probe {
  /** Closes the second: from here on events count to the next. Cheap, called for all probes in a row. */
  flip(): void;
  /**
   * From this second of the wall clock events count to the next period by their own time, however late flip() is.
   * False when it is too late for that. Called when the last reading is done. Absent: the second ends with flip().
   */
  until?(second: number): boolean;
  /** The second that the last flip() closed. Called once after each flip(), when the source has settled. */
  read(): Reading | Promise<Reading>;
  /** Absent: its cost is not measured. */
  cost?(): Cost;
  /** What it cannot see of the question, in one sentence; undefined when it sees everything. Absent: it always does. */
  shortfall?(): string | undefined;
  /** Stops gathering; afterwards nothing of the probe is left in the kernel. */
  close(): void | Promise<void>;
}

export interface Source {
  readonly name: SourceName;
  offers(): readonly Offer[];
  /** Calls `tell` whenever the offers have changed. Absent: they do not change. */
  onChange?(tell: () => void): void;
  /** Rejects with an EnableError when it fails on this machine. */
  enable(instrumentation: Instrumentation): Promise<Probe>;
  /** After flip() of all probes: resolves when no event can land in the closed second any more. */
  settle?(): Promise<void>;
  /** Starts or stops measuring what its probes cost. Measuring itself has a cost. False if it is not permitted. */
  countCost?(on: boolean): boolean;
  close(): void | Promise<void>;
}

/** Why an instrumentation does not run here: one sentence, and the output of the kernel or tool. */
export class EnableError extends Error {
  /** Last lines of the verifier's or tracer's output. */
  readonly log: string;

  constructor(reason: string, log = '') {
    super(reason);
    this.name = 'EnableError';
    this.log = log;
  }
}
