/*
 * Wanted state against known state. In: instrumentations that come, change and go; members that come and go. Out: for
 * nodes one document that says what is to be gathered (publisher.ts); for aggregators one list of nodes (roster.ts), and
 * for each instrumentation a command to its home, repeated until it is as wanted.
 *
 * Nothing here waits for anybody: each answer wakes only what it concerns. Commands can be repeated safely, so whoever
 * says hello is simply told everything again.
 */
import { Backoff } from '../../../common/service/backoff';
import type { Clock } from '../../../common/service/clock';
import { CaError, messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { digestOf } from '../../../common/wire/digest';
import { toWire, type Body, type GatherItem, type NodeStanding } from '../../../common/wire/message';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import type { Bus } from './bus';
import { PendingDeletes } from './pending-deletes';
import type { Aggregator, Members, Node } from './members';
import { Publisher } from './publisher';
import { RosterPublisher } from './roster';
import { Soon } from './soon';
import type { NodeState } from '../../../common/api/instrumentation';
import { Standings, type Asked, type Counts } from './standings';
import type { Stored } from '../state/store';

interface ReconcilerOptions {
  readonly bus: Bus;
  readonly broadcastKey: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregators' | 'nodes' | 'aggregator' | 'nodeCount'>;
  /** What nodes are asked for it: the question, limited to what its customer may see. Undefined: nothing, any more. */
  readonly forNodes: (instrumentation: Instrumentation) => GatherItem | undefined;
  /** Picks a home among the live ones, knowing how much each has; throws NO_RESOURCE when there is none. */
  readonly choose: (loads: ReadonlyMap<string, number>) => Aggregator;
  /** Remembers that an instrumentation has moved. */
  readonly moved: (fqid: string, aggregator: string) => void;
  /** Catalogues of nodes came or went; which one came. */
  readonly cataloguesChanged: (came: string | undefined) => void;
}

/** One instrumentation and its home. */
class Job {
  readonly id: string;
  record: Stored;
  /** Came from disk: its nodes are gathering, and its home may hold its data already. */
  readonly restored: boolean;
  asked: Asked;
  removed = false;
  busy = false;
  readonly backoff = new Backoff({ first: LIMITS.retryMsMin, most: LIMITS.retryMsMax });
  retryAt = 0;
  reason = '';
  toldTo: Aggregator | undefined;
  /** Digest of what its home was told last. */
  told = '';

  constructor(id: string, record: Stored, restored: boolean, asked: Asked) {
    this.id = id;
    this.record = record;
    this.restored = restored;
    this.asked = asked;
  }
}

/** Nodes' news that follow on each other faster than this are told to aggregators together. */
const TOGETHER_MS = 100;
/** Right after our start the fleet counts as complete when it has grown by less than this in a second. */
const GROWTH = 0.01;

export class Reconciler {
  readonly standings: Standings;
  private readonly jobs = new Map<string, Job>();
  /** Deleted while their home was being told about them. */
  private readonly leaving = new Map<string, Job>();
  private readonly publisher: Publisher;
  private readonly roster: RosterPublisher;
  private readonly deletes: PendingDeletes;
  /** Whose scope may have changed. */
  private readonly stale = new Set<Job>();
  private readonly settling = new Soon(TOGETHER_MS, () => {
    const stale = [...this.stale];
    this.stale.clear();
    for (const job of stale) this.settle(job);
  });
  /** When members that were there before us have said hello: until then no list of nodes is whole. */
  private settled = false;
  private connectedAt = Infinity;
  private fleetBefore = 0;
  private readonly o: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.o = options;
    const { members } = options;
    this.publisher = new Publisher({ ...options, fleet: () => members.nodeCount });
    this.roster = new RosterPublisher(options);
    this.standings = new Standings({
      ...options,
      numberOf: (digest) => this.publisher.numberOf(digest),
      cataloguesChanged: (came) => {
        options.cataloguesChanged(came);
        this.rethink(this.jobs.values());
      },
      exceptionsChanged: (fqids) => {
        this.rethink([...fqids].flatMap((fqid) => this.jobs.get(fqid) ?? []));
      },
    });
    this.deletes = new PendingDeletes({
      ...options,
      isWanted: (id) => this.jobs.has(id),
      isBusy: (id, instance) => {
        const job = this.jobs.get(id) ?? this.leaving.get(id);
        return job?.busy === true && job.record.aggregator === instance;
      },
    });
  }

  /** At the first connection to the broker. */
  connected(): void {
    if (this.connectedAt === Infinity) this.connectedAt = this.o.clock.now();
    if (![...this.jobs.values()].some((job) => job.restored)) this.settledNow();
  }

  add(id: string, record: Stored, restored = false): void {
    const job = new Job(id, record, restored, this.ask(record.instrumentation));
    this.jobs.set(id, job);
    this.settle(job);
  }

  update(id: string, instrumentation: Instrumentation): void {
    const job = this.jobs.get(id);
    if (job === undefined) return;
    job.record = { ...job.record, instrumentation };
    job.asked = this.ask(instrumentation);
    job.retryAt = 0;
    this.settle(job);
  }

  /** Works out anew what nodes are asked, for instrumentations whose limits may have changed. */
  askAgain(concerned: (instrumentation: Instrumentation) => boolean): void {
    for (const job of this.jobs.values()) {
      const { instrumentation } = job.record;
      if (concerned(instrumentation)) this.update(job.id, instrumentation);
    }
  }

  remove(id: string): void {
    const job = this.jobs.get(id);
    if (job === undefined) return;
    job.removed = true;
    this.jobs.delete(id);
    this.stale.delete(job);
    this.publisher.remove(id);
    if (job.busy) this.leaving.set(id, job);
    if (job.toldTo !== undefined || job.busy) this.deletes.add(job.record.aggregator, id);
  }

  aggregatorUp(aggregator: Aggregator): void {
    this.roster.aggregatorUp(aggregator);
    for (const job of this.jobs.values()) {
      if (job.record.aggregator === aggregator.instance) {
        job.toldTo = undefined;
        job.retryAt = 0;
      }
      this.settle(job);
    }
    this.deletes.tell(aggregator);
  }

  aggregatorGone(aggregator: Aggregator): void {
    for (const job of this.jobs.values()) {
      if (job.record.aggregator === aggregator.instance) this.settle(job);
    }
  }

  aggregatorHeard(aggregator: Aggregator, nodes: string | undefined): void {
    this.roster.heard(aggregator, nodes);
  }

  nodeUp(node: Node, before: NodeStanding | undefined): void {
    if (before?.catalogue !== node.standing.catalogue) this.roster.nodeUp(node);
    this.standings.nodeUp(node, before);
  }

  nodeHeard(node: Node, hello: boolean): void {
    this.publisher.heard(node.key, node.standing.gathers, hello);
  }

  nodeGone(node: Node): void {
    this.roster.nodeGone(node);
    this.standings.nodeGone(node);
  }

  /** Not even what it has sent already counts. */
  nodeBarred(host: string): void {
    this.roster.nodeBarred(host);
  }

  /** A node wants the whole document. */
  wantGathers(nodeKey: string): void {
    this.publisher.heard(nodeKey, undefined, true);
  }

  /** Called each second. */
  tick(): void {
    const now = this.o.clock.now();
    this.publisher.tick();
    this.standings.tick();
    if (!this.settled) this.waitForFleet(now);
    for (const job of this.jobs.values()) if (job.retryAt !== 0 && now >= job.retryAt) this.settle(job);
    for (const aggregator of this.o.members.aggregators) this.deletes.tell(aggregator);
  }

  /** Aggregator's instance -> how many instrumentations it has, or will have. */
  get loads(): ReadonlyMap<string, number> {
    return loadsOf([...this.jobs.values()].map((job) => job.record));
  }

  /** Its aggregator has heard of it as it is now. */
  isHomeSettled(id: string): boolean {
    const job = this.jobs.get(id);
    return job !== undefined && !job.busy && job.told === this.commandFor(job).digest;
  }

  /** How it stands on online nodes, the worst first. */
  nodesOf(id: string, from = 0, limit: number = LIMITS.nodesShown): NodeState[] {
    const job = this.jobs.get(id);
    return job === undefined ? [] : this.standings.page(job.asked, from, limit);
  }

  /** Those that do not simply gather it, at most so many. */
  troubledOf(id: string, limit: number): NodeState[] {
    const job = this.jobs.get(id);
    return job === undefined ? [] : this.standings.troubled(job.asked, limit);
  }

  /** On how many nodes it is in which state. */
  countsOf(id: string): Counts {
    const job = this.jobs.get(id);
    if (job !== undefined) return this.standings.countsOf(job.asked);
    return { enabling: 0, enabled: 0, failed: 0, stopped: 0, unsupported: 0 };
  }

  /** Why its aggregator does not hold it yet; undefined when it does. */
  homeTrouble(id: string): string | undefined {
    const job = this.jobs.get(id);
    return job?.backoff.failures === 0 ? undefined : job?.reason;
  }

  /** The digest of the document that all nodes should have. */
  get gathers(): string {
    return this.publisher.digest;
  }

  private ask(instrumentation: Instrumentation): Asked {
    const item = this.o.forNodes(instrumentation);
    if (item !== undefined && instrumentation.enabled) {
      this.publisher.set(item);
      return { item, since: this.publisher.next };
    }
    const unasked = item ?? { instrumentation: toWire(instrumentation), hosts: [NO_HOST] };
    this.publisher.remove(fqid(instrumentation));
    return { item: unasked, since: undefined };
  }

  /** Nodes that were there before us say hello within seconds; many of them take longer. */
  private waitForFleet(now: number): void {
    const waited = now - this.connectedAt;
    const fleet = this.o.members.nodeCount;
    const grows = fleet - this.fleetBefore > GROWTH * fleet;
    this.fleetBefore = fleet;
    if (waited < LIMITS.settleMs || (grows && waited < LIMITS.settleMsMax)) return;
    this.settledNow();
  }

  private settledNow(): void {
    this.settled = true;
    this.roster.begin();
    for (const job of this.jobs.values()) this.settle(job);
  }

  private rethink(jobs: Iterable<Job>): void {
    let any = false;
    for (const job of jobs) {
      this.stale.add(job);
      any = true;
    }
    if (any) this.settling.request();
  }

  /** One call to the aggregator at a time; what changes meanwhile goes with the next one. */
  private settle(job: Job): void {
    if (job.removed || job.busy) return;
    const aggregator = this.homeOf(job);
    if (aggregator === undefined) return; // until one says hello, or our own start is over
    if (this.o.clock.now() < job.retryAt) return;
    const { body, digest } = this.commandFor(job);
    if (job.toldTo?.key === aggregator.key && job.told === digest) return;
    job.busy = true;
    job.retryAt = 0;
    // First the nodes, then who of them should report.
    this.roster.flush();
    this.o.bus
      .call(aggregator.key, 'enable_aggregation', body, LIMITS.enableAggregationMs)
      .then(
        () => {
          job.toldTo = aggregator;
          job.told = digest;
          job.backoff.succeeded();
        },
        (error: unknown) => {
          job.reason = messageOf(error);
          this.o.log.warn(
            { fqid: job.id, aggregator: aggregator.instance, reason: job.reason },
            'not enabled',
          );
          job.retryAt = this.o.clock.now() + job.backoff.failed();
        },
      )
      .finally(() => {
        job.busy = false;
        this.leaving.delete(job.id);
        if (job.removed) this.deletes.tell(aggregator);
        else this.settle(job);
      });
  }

  private commandFor(job: Job): { readonly body: Body<'enable_aggregation'>; readonly digest: string } {
    const scope = this.standings.scopeOf(job.asked);
    const body = { instrumentation: toWire(job.record.instrumentation), scope };
    return { body, digest: digestOf(body) };
  }

  private homeOf(job: Job): Aggregator | undefined {
    const { aggregator: instance, instrumentation } = job.record;
    const current = this.o.members.aggregator(instance);
    // Right after our own start, homes are still saying hello, and nodes how they stand: an early word to the
    // aggregator would say that nobody should report.
    if (job.restored && !this.settled) return undefined;
    if (current !== undefined) return current;
    try {
      const next = this.o.choose(this.loads);
      this.deletes.add(instance, job.id);
      this.deletes.cancel(next.instance, job.id);
      job.record = { instrumentation, aggregator: next.instance };
      job.toldTo = undefined;
      this.o.log.warn({ fqid: job.id, from: instance, to: next.instance }, 'moved to another aggregator');
      this.o.moved(job.id, next.instance);
      return next;
    } catch (error) {
      if (!(error instanceof CaError)) throw error;
      job.reason = error.message;
      return undefined;
    }
  }
}

/** No node has this name: what belongs to nobody is asked of nobody. */
const NO_HOST = '.';

export function loadsOf(records: Iterable<Stored>): Map<string, number> {
  const loads = new Map<string, number>();
  for (const { aggregator } of records) loads.set(aggregator, (loads.get(aggregator) ?? 0) + 1);
  return loads;
}
