/*
 * What each instrumentation costs this node. In: the seconds (instrumenter.ts), probes that can tell. Out: a Load on each
 * gathering, for status. Counting slows down every event a little, so it is done for one second in ten.
 */
import { LIMITS } from '../../common/limits';
import type { Gathering, Load } from './gathering';
import type { Cost, Probe, Source } from './source';

interface Begun {
  readonly probe: Probe;
  readonly cost: Cost;
}

const NS_PER_SECOND = 1e9;

export class Costs {
  private readonly sources: readonly Source[];
  /** Nanoseconds of a clock that only goes forward. */
  private readonly elapsed: () => number;
  private readonly begun = new Map<Gathering, Begun>();
  private since: number | undefined;

  constructor(sources: readonly Source[], elapsed: () => number) {
    this.sources = sources;
    this.elapsed = elapsed;
  }

  /** Called when a second begins. */
  tick(second: number, gatherings: Iterable<Gathering>): void {
    if (this.since !== undefined) this.end(this.since);
    else if (second % LIMITS.costEverySeconds === 0) this.begin(gatherings);
  }

  private begin(gatherings: Iterable<Gathering>): void {
    for (const gathering of gatherings) {
      const cost = costOf(gathering.probe);
      if (gathering.probe !== undefined && cost !== undefined) {
        this.begun.set(gathering, { probe: gathering.probe, cost });
      }
    }
    if (this.begun.size === 0) return;
    for (const source of this.sources) source.countCost?.(true);
    this.since = this.elapsed();
  }

  private end(since: number): void {
    const seconds = (this.elapsed() - since) / NS_PER_SECOND;
    for (const [gathering, { probe, cost }] of this.begun) {
      // Enabled anew meanwhile: another probe, other counters.
      const after = gathering.probe === probe ? costOf(probe) : undefined;
      if (after !== undefined) gathering.load = loadOf(cost, after, seconds);
    }
    for (const source of this.sources) source.countCost?.(false);
    this.begun.clear();
    this.since = undefined;
  }
}

/** Undefined for a probe that cannot tell, or no more because it has just been closed. */
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
  };
}
