/*
 * The instrumentations that we own, and their incoming values. In: enable and disable commands of the config
 * service, data messages of the nodes. Out: a dataset for each instrumentation. Next: dataset.ts, then routes.ts.
 */
import type {
  AggregatorStatus,
  DatasetStatus,
  HindsightStatus,
  ProcessStatus,
  SecondStatus,
} from '../../common/api/status';
import type { DiskTrouble } from '../../common/api/value';
import type { Clock } from '../../common/service/clock';
import type { DataMessage } from '../../common/wire/data';
import { CaError, notFound } from '../../common/service/errors';
import {
  fqid,
  gridOfInstrumentation,
  shapeOfInstrumentation,
  type Instrumentation,
} from '../../common/model/instrumentation';
import { LIMITS } from '../../common/service/limits';
import type { Log } from '../../common/service/log';
import { fromWire, type Body, type Scope } from '../../common/wire/message';
import { totalOf } from '../../common/model/value';
import { Arrivals } from './ingest/arrivals';
import { Asked } from './ingest/asked';
import { Clocks, type ClocksOptions } from './ingest/clocks';
import { Dataset } from './dataset/dataset';
import type { Hindsight } from './disk/hindsight';
import { Loads } from './ingest/loads';
import { Recall, type RecallOptions } from './ingest/recall';
import { Expected, Roster } from './ingest/roster';
import { firstSecondOf, type Owned } from './owned';
import { Waiting } from './ingest/waiting';

interface AggregatorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Subscribes to the values of an instrumentation at the broker, and unsubscribes. */
  readonly bind: (fqid: string) => Promise<void>;
  readonly unbind: (fqid: string) => Promise<void>;
  /** Requests missing values from a node (recall.ts). */
  readonly resend: RecallOptions['ask'];
  /** Asks a node for the time by its clock (clocks.ts). */
  readonly time: ClocksOptions['time'];
  /** Keeps values on disk; without it persist-data has no effect. */
  readonly hindsight?: Hindsight;
}

/** During this time nodes are expected because they were asked; later because they reported. */
const SETTLE_SECONDS = 15;
/** A node that has just been asked reports its first whole second after that second has ended. */
const JOINING_SECONDS = 2;
/** Greatest number of missing nodes named in the status of an instrumentation. */
const MISSING_TOLD = 20;
/** A node whose clock is ahead is named in the log at most this often. */
const WARN_EVERY_MS = 3600 * 1000;

export class Aggregator {
  /**
   * `unknown`: messages without a report for us, and reports of instrumentations that we do not own; `unnamed`: reports
   * of nodes that are not in the instrumentation's scope.
   */
  readonly counts = { messages: 0, reports: 0, bytes: 0, unknown: 0, unnamed: 0 };
  private readonly owned = new Map<string, Owned>();
  /** Instrumentations whose values are being read from disk. */
  private readonly loading = new Map<string, Promise<Owned>>();
  private readonly warned = new Map<string, number>();
  private readonly options: AggregatorOptions;
  private readonly recall: Recall;
  readonly clocks: Clocks;
  readonly roster: Roster;
  private readonly arrivals = new Arrivals();

  constructor(options: AggregatorOptions) {
    this.options = options;
    this.roster = new Roster(options.clock);
    this.clocks = new Clocks(options);
    this.recall = new Recall({ ...options, ask: options.resend, clocks: this.clocks });
  }

  /** Counts of the datasets of former instrumentations. */
  private readonly former = new Map<keyof Dataset['counts'], number>();

  get all(): Iterable<Owned> {
    return this.owned.values();
  }

  get recalled(): Recall['counts'] {
    return this.recall.counts;
  }

  /** Undefined: nothing is kept on disk. */
  get history(): HindsightStatus | undefined {
    return this.options.hindsight?.status();
  }

  /** Count since the start, over current and former instrumentations. */
  countOf(outcome: keyof Dataset['counts']): number {
    let sum = this.former.get(outcome) ?? 0;
    for (const { dataset } of this.owned.values()) sum += dataset.counts[outcome];
    return sum;
  }

  get(id: string): Owned | undefined {
    return this.owned.get(id);
  }

  /** The trouble with its values on disk. */
  diskTroubleOf(id: string): DiskTrouble | undefined {
    return this.options.hindsight?.troubleOf(id);
  }

  /** Takes a change of the list of nodes. */
  nodes(body: Body<'nodes'>): void {
    this.roster.take(body);
    for (const owned of this.owned.values()) {
      this.askedNow(owned);
      owned.waiting.check();
    }
  }

  /** Idempotent: a known instrumentation keeps its data and gets the new scope and mutable properties. */
  async enable(body: Body<'enable_aggregation'>): Promise<void> {
    const instrumentation = fromWire(body.instrumentation);
    const id = fqid(instrumentation);
    let known = this.owned.get(id);
    if (known !== undefined && known.instrumentation.crtime !== instrumentation.crtime) {
      // Another instrumentation with the id of a former one, of a state that was lost.
      await this.disable(id);
      known = undefined;
    }
    if (known !== undefined) {
      known.instrumentation = instrumentation;
      known.disabledAt = instrumentation.enabled ? undefined : (known.disabledAt ?? this.options.clock.now());
      known.expected = new Expected(body.scope, this.roster, instrumentation.enabled);
      this.askedNow(known);
      known.dataset.retain(instrumentation.retentionTime);
      known.dataset.startAt(firstSecondOf(instrumentation, known.since));
      known.waiting.check();
    } else {
      if (this.owned.size + this.loading.size >= LIMITS.instrumentationsPerAggregator) {
        throw new CaError('NO_RESOURCE', `this aggregator has ${this.owned.size} instrumentations already`);
      }
      // Read from disk first: an earlier live value would not be recognized as a duplicate of one on disk.
      if (instrumentation.persistData) await this.reload(id, instrumentation, body.scope);
      else this.owned.set(id, this.own(instrumentation, body.scope));
    }
    this.clocks.expect(this.owned.get(id)?.expected.nodes ?? []);
    if (known === undefined) await this.options.bind(id);
  }

  /** Unbinds and drops; from disk only if `deleted`. Waiting requests fail; an unknown id is not an error. */
  async disable(id: string, deleted = true): Promise<void> {
    await this.loading.get(id);
    const owned = this.owned.get(id);
    for (const outcome of Object.keys(owned?.dataset.counts ?? {}) as (keyof Dataset['counts'])[]) {
      this.former.set(outcome, (this.former.get(outcome) ?? 0) + (owned?.dataset.counts[outcome] ?? 0));
    }
    this.owned.delete(id);
    await this.options.hindsight?.forget(id, deleted);
    owned?.waiting.end(notFound(`instrumentation ${id} any more`));
    await this.options.unbind(id);
  }

  receive(message: DataMessage, bytes: number): void {
    const now = this.options.clock.now();
    this.counts.messages++;
    this.counts.bytes += bytes;
    if (message.reports.length === 0) this.counts.unknown++;
    const { node, duration } = message;
    this.clocks.heard(node, message.sent);
    const second = this.clocks.toOurs(node, message.second, duration);
    this.arrivals.note(node, second, duration, message.sent, now);
    for (const { fqid: id, value, lost, load, source } of message.reports) {
      this.counts.reports++;
      const owned = this.owned.get(id);
      if (owned === undefined) {
        this.counts.unknown++;
        continue;
      }
      const { expected, disabledAt = Infinity } = owned;
      if (!this.roster.counts(node, expected) || now - disabledAt > LIMITS.formerNodeMs) {
        this.counts.unnamed++;
        this.warn(node, now, { fqid: id, outcome: 'unnamed', second });
        continue;
      }
      if (load !== undefined) owned.loads.set(node, load, now);
      const outcome = owned.dataset.update(node, second, duration, value, lost, now, source);
      if (outcome === 'added') {
        if (owned.waiting.size > 0) owned.waiting.check();
      } else if (outcome === 'duplicate') {
        // A duplicate report, or a repeated second after the clock went back: the latter counts as lost.
        if (this.clocks.jumpedLately(node)) owned.dataset.lose(second, totalOf(value));
      } else {
        this.warn(node, now, { fqid: id, outcome, second, aheadMs: message.sent - now });
      }
    }
  }

  /** Once a second. */
  tick(): void {
    const now = this.options.clock.now();
    for (const { dataset, waiting, loads } of this.owned.values()) {
      dataset.tick(now);
      loads.expire(now);
      waiting.check();
    }
    this.clocks.tick();
    this.roster.tick();
    this.options.hindsight?.tick(this.owned);
    this.recall.tick(this.owned);
    for (const [node, last] of this.warned) if (now - last > WARN_EVERY_MS) this.warned.delete(node);
  }

  async close(): Promise<void> {
    for (const { waiting } of this.owned.values()) {
      waiting.end(new CaError('NO_RESOURCE', 'this aggregator is going away', { retryAfter: 1 }));
    }
    await this.options.hindsight?.close();
  }

  /** State of the reports of a second: when they came, and from which nodes none did. */
  statusOf(second: number): SecondStatus {
    const missing: Record<string, string[]> = {};
    for (const [id, { dataset, expected }] of this.owned) {
      const absent = dataset.absent(second, new Set(expected.nodes));
      if (absent.length > 0) missing[id] = absent.slice(0, MISSING_TOLD);
    }
    const arrival = this.arrivals.of(second);
    return { owns: [...this.owned.keys()], ...(arrival === undefined ? {} : { arrival }), missing };
  }

  status(): Omit<AggregatorStatus, keyof ProcessStatus> {
    const instrumentations = [...this.owned].map(
      ([id, { instrumentation, dataset, waiting, expected, since }]): [string, DatasetStatus] => [
        id,
        {
          module: instrumentation.module,
          stat: instrumentation.stat,
          shape: dataset.shape,
          since,
          nsources: expected.size,
          newest: dataset.newest,
          ...standing(dataset),
          slots: dataset.slotCount,
          keys: dataset.keyCount,
          bytes: dataset.bytes,
          waiting: waiting.size,
          counts: { ...dataset.counts },
        },
      ],
    );
    const recalled = { ...this.recall.counts };
    return {
      counts: { ...this.counts },
      recalled,
      nodes: { version: this.roster.version ?? null, count: this.roster.size },
      ...(this.history === undefined ? {} : { hindsight: this.history }),
      instrumentations: Object.fromEntries(instrumentations),
    };
  }

  private async reload(id: string, instrumentation: Instrumentation, scope: Scope): Promise<void> {
    const under = this.loading.get(id);
    if (under !== undefined) {
      await under;
      return;
    }
    const owned = this.own(instrumentation, scope);
    const loading = (async () => {
      await this.options.hindsight?.load(id, owned.dataset);
      this.owned.set(id, owned);
      return owned;
    })();
    this.loading.set(id, loading);
    await loading.finally(() => this.loading.delete(id));
  }

  private askedNow({ asked, expected }: Owned): void {
    asked.change(Math.floor(this.options.clock.now() / 1000) + JOINING_SECONDS, expected.size);
  }

  private own(instrumentation: Instrumentation, scope: Scope): Owned {
    const dataset = new Dataset({
      shape: shapeOfInstrumentation(instrumentation),
      grid: gridOfInstrumentation(instrumentation),
      scope: instrumentation.valueScope,
      granularity: instrumentation.granularity,
      retention: instrumentation.retentionTime,
    });
    const since = Math.floor(this.options.clock.now() / 1000) + 1;
    dataset.startAt(firstSecondOf(instrumentation, since));
    const expected = new Expected(scope, this.roster, instrumentation.enabled);
    const owned: Owned = {
      instrumentation,
      dataset,
      waiting: new Waiting((slot) => isComplete(owned, slot, this.options.clock.now())),
      expected,
      disabledAt: instrumentation.enabled ? undefined : -Infinity,
      loads: new Loads(),
      clocks: this.clocks,
      since,
      // The config service's clock may be ahead of ours.
      asked: new Asked(Math.min(since, Math.floor(instrumentation.crtime / 1000) + 1), expected.size),
    };
    return owned;
  }

  private warn(node: string, now: number, what: { outcome: string } & Record<string, unknown>): void {
    const key = `${node} ${what.outcome}`;
    if (now - (this.warned.get(key) ?? -Infinity) < WARN_EVERY_MS || this.warned.size > 10_000) return;
    this.warned.set(key, now);
    this.options.log.warn({ node, ...what }, 'a report was not used (told once an hour for each node)');
  }
}

/** State of the newest slot that should be complete, and the nodes missing from it. */
function standing(dataset: Dataset): { expected: number; reporting: number; missing: string[] } {
  if (dataset.newest < 0) return { expected: 0, reporting: 0, missing: [] };
  const time = dataset.newest - dataset.granularity;
  const [expected, reporting] = [dataset.expected(time), dataset.reporting(time)];
  return {
    expected,
    reporting,
    missing: reporting < expected ? dataset.missing(time).slice(0, MISSING_TOLD) : [],
  };
}

/**
 * True when all expected nodes have reported for the slot: waiting longer gains nothing.
 * Nodes are expected if they reported 5 to 15 s before. Right after the start none has: until then the nodes that the
 * config service asked are expected.
 */
export function isComplete(owned: Owned, slot: number, nowMs: number): boolean {
  const { dataset, since, expected: named } = owned;
  const end = slot + dataset.granularity;
  // Reports that have not come by now will not come: answer a time range long past at once, with what there is.
  if (nowMs >= 1000 * end + LIMITS.valueWaitMsMax) return true;
  const settling = nowMs < 1000 * (since + SETTLE_SECONDS + dataset.granularity);
  const asked = settling && slot >= since ? named.size : 0;
  const expected = Math.max(dataset.expected(slot), asked);
  if (expected === 0) return nowMs >= 1000 * end;
  return dataset.reportingLast(slot) >= expected;
}
