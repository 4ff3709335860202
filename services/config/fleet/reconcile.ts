/*
 * Wanted state against known state, for each instrumentation and each member on its own. In: instrumentations that
 * come, change and go; members that come and go. Out: commands, repeated until the world is as wanted.
 *
 * Nothing here waits for anybody: each answer wakes only what it concerns, so that a slow node delays itself alone.
 * Commands can be repeated safely, so whoever says hello is simply told everything again.
 */
import type { Clock } from '../../../common/service/clock';
import { CaError, messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { PROBE_STATES, toWire, type Body, type ProbeState } from '../../../common/wire/message';
import { metricName } from '../../../common/model/metric';
import type { Instrumentation } from '../../../common/model/instrumentation';
import type { AnswerBody } from '../../../common/wire/peer';
import type { Bus } from './bus';
import { Debts } from './pending-deletes';
import { describePart, Job, type Dealing, type NodeState, type Part } from './job';
import { Lane } from './lane';
import type { Aggregator, Members, Node } from './members';
import type { Stored } from '../state/store';
import { Turns } from './turns';

interface ReconcilerOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregators' | 'nodes' | 'node' | 'aggregator'>;
  /** True when a source of the node can answer the question. */
  readonly covers: (node: Node, instrumentation: Instrumentation) => boolean;
  /** True when the node belongs to who asked: operators have all of them. */
  readonly owns: (node: Node, instrumentation: Instrumentation) => boolean;
  /** What a node gathers for it: the question, limited to what its customer may see. */
  readonly forNode: (instrumentation: Instrumentation) => Instrumentation;
  /** Picks a home among the live ones, knowing how much each has; throws NO_RESOURCE when there is none. */
  readonly choose: (loads: ReadonlyMap<string, number>) => Aggregator;
  /** Remembers that an instrumentation has moved. */
  readonly moved: (fqid: string, aggregator: string) => void;
}

export class Reconciler {
  private readonly jobs = new Map<string, Job>();
  private readonly lanes = new Map<string, Lane>();
  private readonly turns: Turns;
  private readonly debts: Debts;
  /** What is to be tried again, each once, at its time. */
  private readonly retries = new Map<Dealing, () => void>();
  /** Until then, members that were there before us may not have said hello yet. */
  private settledAt = Infinity;
  private readonly o: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.o = options;
    this.turns = new Turns(LIMITS.callsInFlight, LIMITS.callTurnMs, () => options.clock.now());
    this.debts = new Debts({
      ...options,
      isWanted: (id) => this.jobs.get(id)?.removed === false,
      isBusy: (id, instance) => {
        const job = this.jobs.get(id);
        return job?.home.busy === true && job.record.aggregator === instance;
      },
    });
  }

  /** At the first connection to the broker. */
  connected(): void {
    if (this.settledAt === Infinity) this.settledAt = this.o.clock.now() + LIMITS.settleMs;
  }

  add(id: string, record: Stored, restored = false): void {
    const job = new Job(id, record, restored);
    this.jobs.set(id, job);
    this.wake(job);
  }

  update(id: string, instrumentation: Instrumentation): void {
    const job = this.jobs.get(id);
    if (job === undefined) return;
    job.record = { ...job.record, instrumentation };
    job.home.version++;
    job.home.retryAt = 0;
    for (const part of job.parts.values()) part.retryAt = 0;
    this.wake(job);
  }

  /** Sends the question to all nodes again, for instrumentations whose limits may have changed. */
  tellAgain(concerned: (instrumentation: Instrumentation) => boolean): void {
    for (const job of this.jobs.values()) {
      if (!concerned(job.record.instrumentation)) continue;
      for (const part of job.parts.values()) {
        part.told = 'unknown';
        if (part.state === 'enabled') job.setState(part, 'enabling');
      }
      this.wake(job);
    }
  }

  remove(id: string): void {
    const job = this.jobs.get(id);
    if (job === undefined) return;
    job.removed = true;
    if (job.home.toldTo !== undefined || job.home.busy) this.debts.owe(job.record.aggregator, id);
    for (const part of job.parts.values()) part.retryAt = 0;
    this.wake(job);
  }

  aggregatorUp(aggregator: Aggregator): void {
    for (const job of this.jobs.values()) {
      if (job.record.aggregator === aggregator.instance) {
        job.home.toldVersion = 0;
        job.home.retryAt = 0;
      }
      this.settleHome(job);
    }
    this.debts.pay(aggregator);
  }

  aggregatorGone(aggregator: Aggregator): void {
    for (const job of this.jobs.values())
      if (job.record.aggregator === aggregator.instance) this.settleHome(job);
  }

  nodeUp(node: Node): void {
    this.o.bus.tell(node.key, 'expected_instrumentations', {
      fqids: [...this.jobs.values()].filter((job) => this.wants(job, node)).map((job) => job.id),
    });
    for (const job of this.jobs.values()) {
      const part = job.parts.get(node.key);
      if (part !== undefined) {
        // Its state stays as known until it answers: if it has just restarted, its missing values are missing.
        part.node = node;
        part.told = 'unknown';
        part.retryAt = 0;
      }
      this.settlePart(job, node);
    }
  }

  nodeGone(node: Node): void {
    this.lanes.delete(node.key);
    for (const job of this.jobs.values()) {
      if (job.forget(node)) this.settleHome(job);
      this.sweep(job);
    }
  }

  /** What a node says on its own about one instrumentation. */
  probeState(nodeKey: string, { fqid, state, ...more }: Body<'probe_state'>): void {
    const job = this.jobs.get(fqid);
    const part = job?.parts.get(nodeKey);
    if (job === undefined || part === undefined) return;
    if (job.setState(part, state, more)) this.settleHome(job);
    // It ended by itself although it is wanted: told again a little later.
    if (state === 'stopped' && part.told === 'on' && this.wants(job, part.node)) {
      part.told = 'unknown';
      this.later(part, () => {
        this.settlePart(job, part.node);
      });
    }
  }

  /** Called each second. */
  tick(): void {
    const now = this.o.clock.now();
    this.turns.tick();
    if (this.settledAt !== Infinity && now >= this.settledAt) {
      this.settledAt = -Infinity;
      for (const job of this.jobs.values()) this.settleHome(job);
    }
    for (const [dealing, again] of [...this.retries]) {
      if (now < dealing.retryAt) continue;
      this.retries.delete(dealing);
      again();
    }
    for (const aggregator of this.o.members.aggregators) this.debts.pay(aggregator);
  }

  /** Aggregator's instance -> how many instrumentations it has, or will have. */
  get loads(): ReadonlyMap<string, number> {
    return loadsOf([...this.jobs.values()].filter((job) => !job.removed).map((job) => job.record));
  }

  /** In numbers; of a customer's instrumentation, its own nodes alone: how many others there are is not its business. */
  countsOf(id: string): Record<NodeState['state'], number> {
    const counts = { enabling: 0, enabled: 0, failed: 0, stopped: 0, unsupported: 0 };
    for (const { state } of this.nodesOf(id, this.o.owns)) counts[state]++;
    return counts;
  }

  /** How it stands on each online node. */
  nodesOf(id: string, includes: ReconcilerOptions['owns'] = () => true): NodeState[] {
    const job = this.jobs.get(id);
    if (job === undefined) return [];
    const { instrumentation } = job.record;
    const metric = metricName(instrumentation);
    return this.o.members.nodes.flatMap((node): NodeState[] | NodeState => {
      if (!includes(node, instrumentation)) return [];
      const part = job.parts.get(node.key);
      if (part !== undefined) return describePart(part);
      if (this.o.covers(node, instrumentation)) return { node: node.host, state: 'stopped' };
      const why = node.offers.find((offer) => offer.metric === metric && offer.unavailable !== undefined);
      const none = 'no source there has this metric with these fields';
      return { node: node.host, state: 'unsupported', reason: why?.unavailable ?? none };
    });
  }

  /** Its aggregator has heard of it as it is now. */
  isHomeSettled(id: string): boolean {
    const home = this.jobs.get(id)?.home;
    return home?.busy !== true && home?.toldVersion === home?.version;
  }

  /** Why its aggregator does not hold it yet; undefined when it does. */
  homeTrouble(id: string): string | undefined {
    const home = this.jobs.get(id)?.home;
    return home?.failures === 0 ? undefined : home?.reason;
  }

  private wake(job: Job): void {
    this.settleHome(job);
    for (const node of this.o.members.nodes) this.settlePart(job, node);
    this.sweep(job);
  }

  private wants(job: Job, node: Node): boolean {
    const { instrumentation } = job.record;
    return !job.removed && instrumentation.enabled && this.o.covers(node, instrumentation);
  }

  /** One call to the aggregator at a time; what changes meanwhile goes with the next one. */
  private settleHome(job: Job): void {
    const { home } = job;
    if (job.removed || home.busy) return;
    const aggregator = this.homeOf(job);
    if (aggregator === undefined) return; // until one says hello, or our own start is over
    if (home.toldTo?.key === aggregator.key && home.toldVersion === home.version) return;
    const again = (): void => {
      this.settleHome(job);
    };
    if (this.postponed(home, again)) return;
    home.busy = true;
    const { version } = home;
    const body = { instrumentation: toWire(job.record.instrumentation), nodes: job.reporting() };
    this.o.bus
      .call(aggregator.key, 'enable_aggregation', body, LIMITS.enableAggregationMs)
      .then(
        () => {
          home.toldTo = aggregator;
          home.toldVersion = version;
          home.failures = 0;
        },
        (error: unknown) => {
          home.reason = messageOf(error);
          this.o.log.warn(
            { fqid: job.id, aggregator: aggregator.instance, reason: home.reason },
            'not enabled',
          );
          this.later(home, again);
        },
      )
      .finally(() => {
        home.busy = false;
        if (job.removed) this.debts.pay(aggregator);
        else this.settleHome(job);
      });
  }

  private homeOf(job: Job): Aggregator | undefined {
    const { aggregator: instance, instrumentation } = job.record;
    const current = this.o.members.aggregator(instance);
    // Right after our own start, homes are still saying hello, and nodes saying what they gather: an early word to
    // the aggregator would say that nobody should report.
    if (job.restored && this.settledAt !== -Infinity) return undefined;
    if (current !== undefined) return current;
    try {
      const next = this.o.choose(this.loads);
      this.debts.owe(instance, job.id);
      this.debts.forgive(next.instance, job.id);
      job.record = { instrumentation, aggregator: next.instance };
      job.home.version++;
      this.o.log.warn({ fqid: job.id, from: instance, to: next.instance }, 'moved to another aggregator');
      this.o.moved(job.id, next.instance);
      return next;
    } catch (error) {
      if (!(error instanceof CaError)) throw error;
      job.home.reason = error.message;
      return undefined;
    }
  }

  private settlePart(job: Job, { key }: Node): void {
    const node = this.o.members.node(key);
    if (node === undefined) return; // gone meanwhile
    const on = this.wants(job, node);
    if (!on && !job.parts.has(key)) return;
    const part = job.part(node);
    const again = (): void => {
      this.settlePart(job, node);
    };
    if (part.busy || part.told === (on ? 'on' : 'off') || this.postponed(part, again)) return;
    part.busy = true;
    const turn = async (): Promise<void> => {
      // Asked for again here: it may have waited its turn for long.
      const stillOn = this.wants(job, node);
      if (stillOn && part.state !== 'enabled' && job.setState(part, 'enabling')) this.settleHome(job);
      try {
        const answer = stillOn
          ? await this.o.bus.call(
              node.key,
              'enable_instrumentation',
              { instrumentation: toWire(this.o.forNode(job.record.instrumentation)) },
              LIMITS.enableInstrumentationMs,
            )
          : await this.o.bus.call(
              node.key,
              'disable_instrumentation',
              { fqid: job.id },
              LIMITS.enableInstrumentationMs,
            );
        this.answered(job, part, stillOn, answer);
      } catch (error) {
        if (!this.refused(job, part, stillOn, error)) this.later(part, again);
      } finally {
        part.busy = false;
        this.settleHome(job);
        this.settlePart(job, node);
        this.sweep(job);
      }
    };
    this.laneOf(node).enter(() => this.turns.take(turn));
  }

  private answered(job: Job, part: Part, on: boolean, answer: AnswerBody): void {
    part.told = on ? 'on' : 'off';
    part.failures = 0;
    if (!on) job.setState(part, 'stopped');
    // Its own reports came first and know more; the answer only ends the waiting.
    else if (part.state === 'enabling' || part.state === 'stopped') {
      const { state, source } = answer;
      job.setState(part, isProbeState(state) ? state : 'enabled', {
        source: typeof source === 'string' ? source : part.source,
      });
    }
  }

  /** False when it was perhaps never heard, and must be said again. */
  private refused(job: Job, part: Part, on: boolean, error: unknown): boolean {
    const reason = messageOf(error);
    const unheard = error instanceof CaError && (error.code === 'TIMED_OUT' || error.code === 'NO_RESOURCE');
    if (unheard || !on) {
      part.told = 'unknown';
      part.reason = reason;
      return false;
    }
    // The node says no: asking again would not help until something changes there.
    part.told = 'on';
    if (part.state !== 'failed') job.setState(part, 'failed', { reason });
    return true;
  }

  private laneOf(node: Node): Lane {
    let lane = this.lanes.get(node.key);
    if (lane === undefined) {
      lane = new Lane(LIMITS.callsInFlightPerNode);
      this.lanes.set(node.key, lane);
    }
    return lane;
  }

  private later(dealing: Dealing, again: () => void): void {
    const wait = Math.min(LIMITS.retryMsMin * 2 ** dealing.failures, LIMITS.retryMsMax);
    dealing.failures++;
    dealing.retryAt = this.o.clock.now() + wait;
    this.retries.set(dealing, again);
  }

  private postponed(dealing: Dealing, again: () => void): boolean {
    if (this.o.clock.now() >= dealing.retryAt) return false;
    this.retries.set(dealing, again);
    return true;
  }

  /** A removed instrumentation is kept until no node gathers for it any more. */
  private sweep(job: Job): void {
    if (!job.removed) return;
    const done = [...job.parts.values()].every((part) => part.told === 'off' && !part.busy);
    if (done && this.jobs.get(job.id) === job) this.jobs.delete(job.id);
  }
}

function isProbeState(state: unknown): state is ProbeState {
  return (PROBE_STATES as readonly unknown[]).includes(state);
}

export function loadsOf(records: Iterable<Stored>): Map<string, number> {
  const loads = new Map<string, number>();
  for (const { aggregator } of records) loads.set(aggregator, (loads.get(aggregator) ?? 0) + 1);
  return loads;
}
