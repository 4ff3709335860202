/*
 * What each instrumentation costs this node. In: the seconds (instrumenter.ts), probes that can tell. Out: a Load on each
 * gathering, for status and with its reports; and which one to stop when all together exceed their budget.
 * Measuring slows down every event a little, so it is on for one second in ten, and always while the budget is exceeded.
 */
import { LIMITS } from '../../../common/service/limits';
import type { Load } from '../../../common/model/load';
import { budgetText, settingFor, type Budget } from './budget';
import type { Gathering } from './gathering';
import type { Cost, Probe, Source } from '../sources/source';

/** Above the budget for this many seconds in a row, the most expensive instrumentation is stopped … */
const BUDGET_SECONDS = 30;
/** … and above this many times the budget, after FAR_SECONDS. */
const FAR_TIMES = 4;
const FAR_SECONDS = 3;
/** After one is stopped, the others are measured for this many seconds before the next may be stopped. */
const AFTER_SECONDS = 2;

interface Begun {
  readonly probe: Probe;
  readonly cost: Cost;
}

/** What to stop, and why. */
export interface Excess {
  readonly gathering: Gathering;
  readonly reason: string;
}

interface CostsOptions {
  readonly sources: readonly Source[];
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  /** The budget of all together. */
  readonly budget: Budget;
}

const NS_PER_SECOND = 1e9;
/** One that was started again is the first to be stopped for this many seconds; after that it is as any other. */
const PROBATION_SECONDS = 300;

export class Costs {
  private readonly o: CostsOptions;
  private readonly begun = new Map<Gathering, Begun>();
  private since: number | undefined;
  /** Seconds in a row above the budget, and far above it. */
  private above = 0;
  private farAbove = 0;
  /** Cost of all together at the last measurement, in percent of a core. */
  private sum = 0;

  constructor(options: CostsOptions) {
    this.o = options;
  }

  /** Called when a second begins. */
  tick(second: number, gatherings: Iterable<Gathering>): Excess | undefined {
    const ended = this.since !== undefined;
    const excess = this.since === undefined ? undefined : this.end(this.since, second);
    if (this.above > 0 || (!ended && second % LIMITS.costEverySeconds === 0)) this.begin(gatherings);
    return excess;
  }

  /** Something more may be tried: the rest is within the budget. */
  get hasRoom(): boolean {
    return this.above === 0 && this.sum < this.o.budget.ofCore;
  }

  private begin(gatherings: Iterable<Gathering>): void {
    for (const gathering of gatherings) {
      const cost = costOf(gathering.probe);
      if (gathering.probe !== undefined && cost !== undefined) {
        this.begun.set(gathering, { probe: gathering.probe, cost });
      }
    }
    if (this.begun.size === 0) {
      this.sum = 0;
      this.above = 0;
      this.farAbove = 0;
      return;
    }
    for (const source of this.o.sources) source.countCost?.(true);
    this.since = this.o.elapsed();
  }

  private end(since: number, second: number): Excess | undefined {
    const seconds = (this.o.elapsed() - since) / NS_PER_SECOND;
    const measured: { gathering: Gathering; percent: number }[] = [];
    for (const [gathering, { probe, cost }] of this.begun) {
      // Enabled again meanwhile: another probe, other counters.
      const after = gathering.probe === probe ? costOf(probe) : undefined;
      if (after === undefined) continue;
      gathering.load = loadOf(cost, after, seconds);
      gathering.loadIsNew = true;
      measured.push({ gathering, percent: gathering.load.percentOfCore });
    }
    for (const source of this.o.sources) source.countCost?.(false);
    this.begun.clear();
    this.since = undefined;
    return this.excess(measured, second);
  }

  private excess(
    measured: readonly { gathering: Gathering; percent: number }[],
    second: number,
  ): Excess | undefined {
    const { budget } = this.o;
    const sum = measured.reduce((total, { percent }) => total + percent, 0);
    this.sum = sum;
    this.above = sum > budget.ofCore ? this.above + 1 : 0;
    this.farAbove = sum > FAR_TIMES * budget.ofCore ? this.farAbove + 1 : 0;
    const isTooLong = this.above >= BUDGET_SECONDS || this.farAbove >= FAR_SECONDS;
    // One on trial is stopped before any that was never stopped.
    const trial = measured.filter(
      ({ gathering: { cameBack = -Infinity } }) => second < cameBack + PROBATION_SECONDS,
    );
    const candidates = trial.length > 0 ? trial : measured;
    const [first] = candidates;
    if (!isTooLong || first === undefined) return undefined;
    const worst = candidates.reduce((a, b) => (b.percent > a.percent ? b : a), first);
    // Measure the others again: they may still exceed the budget.
    const seconds = this.above;
    this.above = BUDGET_SECONDS - AFTER_SECONDS;
    this.farAbove = 0;
    this.sum = sum - worst.percent;
    const alone = `stopped: after ${seconds} s above the budget it cost ${worst.percent.toFixed(1)} % of a core`;
    const others = measured.length === 1 ? '' : `, all ${measured.length} together ${sum.toFixed(1)} %`;
    return {
      gathering: worst.gathering,
      reason:
        `${alone}${others}; the budget of this node is ${budgetText(budget)}: ask for less, or start its instrumenter with ` +
        `CA_PROBE_BUDGET=${settingFor(sum, budget)} (percent of the machine)`,
    };
  }
}

/** Undefined for a probe that does not measure its cost, or that has just been closed. */
function costOf(probe: Probe | undefined): Cost | undefined {
  try {
    return probe?.cost?.();
  } catch {
    return undefined;
  }
}

function loadOf(before: Cost, after: Cost, seconds: number): Load {
  const runs = after.runs - before.runs;
  const nanoseconds = after.nanoseconds - before.nanoseconds;
  return {
    runsPerSecond: runs / seconds,
    nanosecondsPerRun: runs === 0 ? 0 : nanoseconds / runs,
    percentOfCore: (100 * nanoseconds) / (seconds * NS_PER_SECOND),
    memoryBytes: after.bytes,
  };
}
