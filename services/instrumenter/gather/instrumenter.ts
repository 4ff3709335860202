/*
 * What this node gathers. In: instrumentations to enable and to disable (wanted.ts), and the seconds.
 * Out: a gathering for each, by fqid; its outcome, to the caller and through `changed`. Next: tick.ts.
 */
import { waitAfter } from '../../../common/service/backoff';
import type { GatheringStatus } from '../../../common/api/status';
import type { Clock } from '../../../common/service/clock';
import { spanText } from '../../../common/model/unit';
import { messageOf } from '../../../common/service/errors';
import type { Instrumentation } from '../../../common/model/instrumentation';
import type { Log } from '../../../common/service/log';
import type { Exception } from '../../../common/wire/message';
import type { Budget } from './budget';
import { Costs, type Excess } from './costs';
import { Gathering } from './gathering';
import type { Journal } from './journal';
import type { Parcel } from './parcel';
import { EnableError, type Source } from '../sources/source';
import { candidates, uncovered } from '../sources/sources';
import { endAtBoundary, noteShortfall, tick } from './tick';

export type Standing = Exception;

interface InstrumenterOptions {
  readonly clock: Clock;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly journal: Journal;
  /** In order of preference. */
  readonly sources: readonly Source[];
  /** The budget of all probes together. */
  readonly budget: Budget;
  readonly put: (parcel: Parcel) => void;
  /** Called on every change. */
  readonly changed: (standing: Standing) => void;
}

interface InstrumenterCounts {
  ticks: number;
  /** Whole seconds at which no tick came: the process or the machine stood still. */
  ticksMissed: number;
  enables: number;
  disables: number;
  /** How often the wall clock was set. */
  clockSteps: number;
}

const RETRY_SECONDS = 30;

/** What was stopped for its cost is started again after this time. */
const COSTLY_SECONDS = { first: 60, most: 3600 };
/** If it then runs for this long, it was not started again too early. */
const LASTING_SECONDS = 600;
/** Clocks that are kept right drift by less than a millisecond in a second. */
const STEP_MS = 50;

export class Instrumenter {
  /** When the clock was set last, and how far. */
  clockSet: { readonly at: number; readonly byMs: number } | undefined;
  readonly counts: InstrumenterCounts = { ticks: 0, ticksMissed: 0, enables: 0, disables: 0, clockSteps: 0 };
  private readonly options: InstrumenterOptions;
  private readonly gatherings = new Map<string, Gathering>();
  private readonly enabling = new WeakMap<Gathering, Promise<void>>();
  private readonly costs: Costs;
  private lastSecond: number | undefined;
  /** Milliseconds from the monotonic clock to the wall clock, at the last tick. */
  private clockOffset: number | undefined;
  /** Enablings start one after another, each in its own turn of the event loop: a tick waits for one at most. */
  private turnstile: Promise<void> = Promise.resolve();

  constructor(options: InstrumenterOptions) {
    this.options = options;
    this.costs = new Costs(options);
  }

  /** Resolves when it is gathered or has failed. One that already runs as requested is left alone. Never rejects. */
  async enable(instrumentation: Instrumentation): Promise<Standing> {
    let gathering = new Gathering(instrumentation);
    const known = this.gatherings.get(gathering.fqid);
    if (!instrumentation.enabled) return this.disable(gathering.fqid);
    // One that failed is tried again: the reason may be gone.
    if (known?.isSameAs(instrumentation) === true && known.state !== 'failed') {
      gathering = known;
    } else {
      this.gatherings.set(gathering.fqid, gathering);
      this.enabling.set(gathering, this.replace(known, gathering));
    }
    await this.enabling.get(gathering);
    return gathering.standing();
  }

  /** Counts the events of its reports that were dropped before they were sent. */
  gaveUp(fqid: string, events: number): void {
    this.gatherings.get(fqid)?.losses.add({ unsent: events });
  }

  /** Resolves when nothing of it is left; at once if it is not here. Never rejects. */
  async disable(fqid: string): Promise<Standing> {
    const gathering = this.gatherings.get(fqid);
    if (gathering === undefined) return { fqid, state: 'stopped' };
    this.gatherings.delete(fqid);
    await this.stop(gathering);
    this.options.changed(gathering.standing());
    return gathering.standing();
  }

  /** Stops whatever is not among these. */
  async expect(fqids: Iterable<string>): Promise<void> {
    const expected = new Set(fqids);
    const others = [...this.gatherings.keys()].filter((fqid) => !expected.has(fqid));
    await Promise.all(others.map((fqid) => this.disable(fqid)));
  }

  /** `second` has just begun. Resolves when all its readings are done. */
  async tick(second: number): Promise<void> {
    this.counts.ticks++;
    this.counts.ticksMissed += Math.max(second - (this.lastSecond ?? second - 1) - 1, 0);
    this.lastSecond = second;
    const excess = this.costs.tick(second, this.gatherings.values());
    const stopped = excess === undefined ? undefined : this.giveUp(excess, second);
    const { changed } = this.options;
    await tick(this.gatherings.values(), second, {
      ...this.options,
      stepped: this.isStepped(),
      changed: (gathering) => {
        changed(gathering.standing());
      },
    });
    await Promise.all([stopped, this.retry(second)]);
  }

  /** One row each, for status. */
  rows(): GatheringStatus[] {
    return [...this.gatherings.values()].map((gathering) => gathering.row());
  }

  async close(): Promise<void> {
    await this.expect([]);
  }

  private async replace(known: Gathering | undefined, gathering: Gathering): Promise<void> {
    // 'stopped' is not reported: the instrumentation goes on, gathered differently.
    if (known !== undefined) await this.stop(known);
    await this.passTurnstile();
    if (gathering.state === 'enabling') await this.start(gathering);
  }

  private async start(gathering: Gathering): Promise<void> {
    const { clock, elapsed, journal, changed, sources } = this.options;
    const from = elapsed();
    changed(gathering.standing());
    await this.tryEach(gathering, candidates(sources, gathering.instrumentation));
    if (gathering.state === 'stopped') return;
    if (gathering.state === 'enabling') {
      gathering.state = 'failed';
      gathering.reason ??= uncovered(sources, gathering.instrumentation);
    }
    this.counts.enables++;
    journal.record('ca.instr_enables', () => this.work(gathering, elapsed() - from, clock.now()));
    changed(gathering.standing());
  }

  /** Tries again now and then to enable what failed, one a second: the reason may be gone. Success is reported. */
  private async retry(second: number): Promise<void> {
    const due = [...this.gatherings.values()].find(
      ({ state, retryAt, costly }) =>
        state === 'failed' &&
        retryAt !== undefined &&
        second >= retryAt &&
        (costly === 0 || this.costs.hasRoom),
    );
    if (due === undefined) return;
    const { reason } = due;
    due.retryAt = second + RETRY_SECONDS;
    await this.tryEach(due, candidates(this.options.sources, due.instrumentation));
    // TypeScript does not know that the attempt changes the state.
    if ((due.state as string) === 'enabled' && due.costly > 0) due.cameBack = second;
    if (due.state === 'enabled' || (due.state === 'failed' && due.reason !== reason)) {
      this.options.changed(due.standing());
    }
  }

  private async tryEach(gathering: Gathering, sources: readonly Source[]): Promise<void> {
    const { log } = this.options;
    for (const source of sources) {
      if (gathering.state === 'stopped') return;
      gathering.source = source;
      try {
        const probe = await source.enable(gathering.instrumentation);
        // TypeScript does not know that others change the state while we wait.
        if ((gathering.state as string) === 'stopped') {
          await probe.close();
          return;
        }
        gathering.probe = probe;
        endAtBoundary(gathering, this.options.clock);
        gathering.state = 'enabled';
        gathering.retryAt = undefined;
        gathering.reason = undefined;
        gathering.log = undefined;
        noteShortfall(gathering, this.options);
        return;
      } catch (error) {
        const reason = messageOf(error);
        const isNews = gathering.reason !== reason;
        gathering.retryAt ??=
          (this.lastSecond ?? Math.floor(this.options.clock.now() / 1000)) + RETRY_SECONDS;
        gathering.reason = reason;
        gathering.log = error instanceof EnableError ? error.log : '';
        if (isNews) log.warn({ err: error, fqid: gathering.fqid, source: source.name }, 'could not enable');
      }
    }
  }

  private async stop(gathering: Gathering): Promise<void> {
    const { clock, elapsed, journal, log } = this.options;
    const from = elapsed();
    const { probe } = gathering;
    gathering.state = 'stopped';
    gathering.reason = undefined;
    gathering.log = undefined;
    gathering.probe = undefined;
    gathering.shortfall = undefined;
    try {
      await probe?.close();
    } catch (error) {
      log.error({ err: error, fqid: gathering.fqid }, 'a probe could not be closed');
    }
    this.counts.disables++;
    journal.record('ca.instr_disables', () => this.work(gathering, elapsed() - from, clock.now()));
  }

  /** It stays known, as failed, until it is requested again. */
  /** It is started again after a minute, and after twice as long each time that this was too early. */
  private async giveUp({ gathering, reason: why }: Excess, second: number): Promise<void> {
    const { changed, log } = this.options;
    const lasted = second - (gathering.cameBack ?? second);
    gathering.costly = lasted > LASTING_SECONDS ? 1 : gathering.costly + 1;
    gathering.cameBack = undefined;
    const wait = waitAfter(gathering.costly, COSTLY_SECONDS);
    const reason = `${why}; it is tried again in ${spanText(1000 * wait)}, when there is room`;
    log.warn({ fqid: gathering.fqid, metric: gathering.metric, load: gathering.load }, reason);
    await this.stop(gathering);
    // Disabled, or requested again, meanwhile.
    if (this.gatherings.get(gathering.fqid) !== gathering) return;
    gathering.state = 'failed';
    gathering.reason = reason;
    gathering.retryAt = second + wait;
    changed(gathering.standing());
  }

  /** True when the wall clock has advanced by another time than the monotonic clock. */
  private isStepped(): boolean {
    const { clock, elapsed, log } = this.options;
    const from = elapsed();
    const now = clock.now();
    const to = elapsed();
    // Delayed between the two readings, so they cannot be compared.
    if (to - from > STEP_MS * 1e6) return false;
    const offset = now - to / 1e6;
    const ms = Math.round(offset - (this.clockOffset ?? offset));
    this.clockOffset = offset;
    if (Math.abs(ms) < 2 * STEP_MS) return false;
    this.counts.clockSteps++;
    this.clockSet = { at: now, byMs: ms };
    log.warn({ ms }, 'the clock of this machine was set: what was counted meanwhile is reported as lost');
    return true;
  }

  private work(gathering: Gathering, latency: number, now: number) {
    return {
      fields: {
        cabackend: gathering.source?.name ?? '',
        cainstnid: gathering.fqid,
        cametric: gathering.metric,
        latency,
        subsecond: now % 1000,
      },
      value: 1,
    };
  }

  private passTurnstile(): Promise<void> {
    this.turnstile = this.turnstile.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.turnstile;
  }
}
