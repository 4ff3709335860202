/*
 * Wanted state against known state. In: instrumentations that come, change and go; members that come and go. Out: for
 * nodes one document that says what is to be gathered (publisher.ts); for aggregators one list of nodes (roster.ts), and
 * for each instrumentation a command to its home, repeated until it is as wanted.
 *
 * Nothing here blocks: each answer wakes only what it concerns. Commands are idempotent, so a member that says
 * hello simply gets everything again.
 */
import type { Clock } from '../../../common/service/clock';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { digestOf } from '../../../common/wire/digest';
import { toWire, type Body, type GatherItem, type NodeStanding } from '../../../common/wire/message';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import type { Bus } from './bus';
import { Homing } from './homes/homing';
import type { Aggregator, Members, Node } from './members';
import { Publisher } from './publisher';
import { Reconciliation } from './homes/reconciliation';
import { RosterPublisher } from './roster';
import { Soon } from './soon';
import type { NodeState } from '../../../common/api/instrumentation';
import { Standings, type Asked, type Counts } from './standings';
import type { Stored } from '../state/store';

/** After the first connection, stored homes and nodes get this long to say hello; a fleet that still grows, longer. */
const SETTLE_MS = 3000;
const SETTLE_MS_MAX = 60_000;

interface ReconcilerOptions {
  readonly bus: Bus;
  readonly broadcastKey: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregators' | 'nodes' | 'aggregator' | 'nodeCount' | 'silentMs'>;
  /** What nodes are asked for it: the question, limited to what its customer may see. Undefined: nothing, any more. */
  readonly forNodes: (instrumentation: Instrumentation) => GatherItem | undefined;
  /** Picks another home among the live ones, knowing how much each has; throws NO_RESOURCE when there is none. */
  readonly choose: (loads: ReadonlyMap<string, number>, homes: readonly string[]) => Aggregator;
  /** Remembers that an instrumentation has moved. */
  readonly moved: (fqid: string, homes: readonly string[]) => void;
  readonly isDrained: (aggregator: Pick<Aggregator, 'instance'>) => boolean;
  /** Copies the values that one aggregator lacks from another (copy.ts). */
  readonly copy: (instrumentation: Instrumentation, from: Aggregator, to: Aggregator) => Promise<number>;
  /** Catalogues of nodes came or went; which one came. */
  readonly cataloguesChanged: (came: string | undefined) => void;
}

/** Nodes' news that follow on each other faster than this are told to aggregators together. */
const TOGETHER_MS = 100;
/** A new instrumentation gets this long to be in all its aggregators. */
const NEW_MS = 15_000;
/** Right after our start the fleet counts as complete when it has grown by less than this in a second. */
const GROWTH = 0.01;

export class Reconciler {
  readonly standings: Standings;
  private readonly all = new Map<string, Reconciliation>();
  private readonly publisher: Publisher;
  private readonly roster: RosterPublisher;
  private readonly homing: Homing;
  /** Whose scope may have changed. */
  private readonly stale = new Set<Reconciliation>();
  private readonly settling = new Soon(TOGETHER_MS, () => {
    const stale = [...this.stale];
    this.stale.clear();
    for (const one of stale) this.homing.settle(one);
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
        this.rethink(this.all.values());
      },
      exceptionsChanged: (fqids) => {
        this.rethink([...fqids].flatMap((fqid) => this.all.get(fqid) ?? []));
      },
    });
    this.homing = new Homing({
      ...options,
      all: this.all,
      isReady: ({ restored }) => this.settled || !restored,
      commandFor: (one, isFirst) => this.commandFor(one, isFirst),
      beforeCommand: () => {
        this.roster.flush();
      },
      copy: ({ record }, from, to) => options.copy(record.instrumentation, from, to),
    });
  }

  /** At the first connection to the broker. */
  connected(): void {
    if (this.connectedAt === Infinity) this.connectedAt = this.o.clock.now();
    if (![...this.all.values()].some((one) => one.restored)) this.settledNow();
  }

  add(id: string, record: Stored, restored = false): void {
    const one = new Reconciliation(id, record, restored, this.ask(record.instrumentation));
    this.all.set(id, one);
    this.homing.settle(one);
  }

  update(id: string, instrumentation: Instrumentation): void {
    const one = this.all.get(id);
    if (one === undefined) return;
    one.record = { ...one.record, instrumentation };
    one.asked = this.ask(instrumentation);
    for (const home of one.homes) home.retryAt = 0;
    this.homing.settle(one);
  }

  /** Works out anew what nodes are asked, for instrumentations whose limits may have changed. */
  askAgain(concerned: (instrumentation: Instrumentation) => boolean): void {
    for (const one of this.all.values()) {
      const { instrumentation } = one.record;
      if (concerned(instrumentation)) this.update(one.id, instrumentation);
    }
  }

  remove(id: string): void {
    const one = this.all.get(id);
    if (one === undefined) return;
    one.removed = true;
    this.all.delete(id);
    this.stale.delete(one);
    this.publisher.remove(id);
    this.homing.remove(one);
  }

  aggregatorUp(aggregator: Aggregator): void {
    this.roster.aggregatorUp(aggregator);
    this.homing.aggregatorUp(aggregator);
  }

  aggregatorGone(aggregator: Aggregator): void {
    this.homing.aggregatorGone(aggregator);
  }

  aggregatorHeard(aggregator: Aggregator, nodes: string | undefined): void {
    this.roster.heard(aggregator, nodes);
  }

  nodeUp(node: Node, before: NodeStanding | undefined): void {
    if (before?.catalogue !== node.standing.catalogue) this.roster.nodeUp(node);
    this.standings.nodeUp(node, before);
  }

  /** Tells nodes nothing more. */
  hold(): void {
    this.publisher.held = true;
  }

  gathersOthers = (node: Node): boolean => this.publisher.isOthers(node.standing.gathers);

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
    this.homing.tick();
  }

  /** Aggregator's instance -> how many instrumentations it has, or will have. */
  get loads(): ReadonlyMap<string, number> {
    return this.homing.loads;
  }

  /** Another aggregator is drained, or one is no longer. */
  settleHomes(): void {
    for (const one of this.all.values()) this.homing.settle(one);
  }

  /** Its aggregators know it as it is now. */
  isHomeSettled(id: string): boolean {
    const one = this.all.get(id);
    return one !== undefined && this.homing.isSettled(one);
  }

  /** Aggregators that have it, or should, by instance. */
  homesOf(id: string): readonly string[] {
    return this.all.get(id)?.homes.map(({ instance }) => instance) ?? [];
  }

  /** Those of them that are online, the one with the most complete values first. */
  ranked(id: string): readonly Aggregator[] {
    const one = this.all.get(id);
    if (one === undefined) return [];
    const [only, other] = one.homes;
    if (only === undefined || other !== undefined) return this.homing.ranked(one);
    const aggregator = this.o.members.aggregator(only.instance);
    return aggregator === undefined ? [] : [aggregator];
  }

  /** How it stands on online nodes, the worst first. */
  nodesOf(id: string, from = 0, limit: number = LIMITS.nodesShown): NodeState[] {
    const one = this.all.get(id);
    return one === undefined ? [] : this.standings.page(one.asked, from, limit);
  }

  /** Those that do not simply gather it, at most so many. */
  troubledOf(id: string, limit: number): NodeState[] {
    const one = this.all.get(id);
    return one === undefined ? [] : this.standings.troubled(one.asked, limit);
  }

  /** On how many nodes it is in which state. */
  countsOf(id: string): Counts {
    const one = this.all.get(id);
    if (one !== undefined) return this.standings.countsOf(one.asked);
    return { enabling: 0, enabled: 0, failed: 0, stopped: 0, unsupported: 0 };
  }

  /** Why its aggregators, or fewer than it should have, do not hold it yet; undefined when they do. */
  homeTrouble(id: string): string | undefined {
    const one = this.all.get(id);
    if (one === undefined) return undefined;
    const refused = one.homes.find(({ backoff }) => backoff.failures > 0);
    if (refused !== undefined) return refused.reason;
    if (one.wanted < 2 || this.o.clock.now() - one.record.instrumentation.crtime < NEW_MS) return undefined;
    const whole = one.homes.filter((home) => this.homing.isWhole(one, home)).length;
    return whole < one.wanted
      ? `is whole in ${whole} of ${one.wanted} aggregators: the next failure may leave a gap`
      : undefined;
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
    if (waited < SETTLE_MS || (grows && waited < SETTLE_MS_MAX)) return;
    this.settledNow();
  }

  private settledNow(): void {
    this.settled = true;
    this.roster.begin();
    this.settleHomes();
  }

  private rethink(all: Iterable<Reconciliation>): void {
    let any = false;
    for (const one of all) {
      this.stale.add(one);
      any = true;
    }
    if (any) this.settling.request();
  }

  /** Only one of its homes exports it: elsewhere it would be there twice. */
  private commandFor(
    one: Reconciliation,
    isFirst: boolean,
  ): {
    readonly body: Body<'enable_aggregation'>;
    readonly digest: string;
  } {
    const scope = this.standings.scopeOf(one.asked);
    const { replicas: _, export: ways, ...instrumentation } = one.record.instrumentation;
    const exported = isFirst && ways !== undefined ? { export: ways } : {};
    const body = { instrumentation: toWire({ ...instrumentation, ...exported }), scope };
    return { body, digest: digestOf(body) };
  }
}

/** No node has this name: a customer without nodes matches none. */
const NO_HOST = '.';
