/*
 * The service itself, without HTTP: who is there, what is wanted, what can be asked. In: messages of members, and
 * what the API asks for. Out: instrumentations that live on disk, and members that do their part.
 * The REST front is resources.ts; telling members is reconcile.ts.
 */
import type { Clock } from '../../common/service/clock';
import { CaError, messageOf, notFound } from '../../common/service/errors';
import type { DoorKeys } from '../../common/http/front-door';
import { fqid, type Instrumentation } from '../../common/model/instrumentation';
import { LIMITS } from '../../common/service/limits';
import type { Log } from '../../common/service/log';
import type { AggregatorPlaces } from '../../common/service/networks';
import { metricName } from '../../common/model/metric';
import { toWire, type GatherItem } from '../../common/wire/message';
import { assign } from './fleet/assign';
import { Belongings } from './fleet/belongings';
import type { Bus } from './fleet/bus';
import { MergedCatalogue, type Catalogue, type Described } from './fleet/catalogue';
import { nothingBelongsTo, restricted, type Customer, type Customers } from './fleet/customers';
import { Members, type Aggregator } from './fleet/members';
import type { Standing, Transformations } from './api/present';
import { profileOf, visible } from './api/profile';
import type { Profile } from './api/profiles/profile';
import type { Changes, Question } from './api/question';
import { loadsOf, Reconciler } from './fleet/reconcile';
import { Boards } from './state/boards';
import { save } from './state/save';
import type { Draft, Store, Stored } from './state/store';

interface ConfigOptions {
  readonly bus: Bus;
  readonly broadcastKey: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly customers: () => Customers;
  /** What an aggregator and the front door show each other. */
  readonly doorKeys: (aggregator: Aggregator) => DoorKeys;
  readonly places?: AggregatorPlaces;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

export class Config {
  private ticks = 0;
  readonly members: Members;
  readonly reconciler: Reconciler;
  readonly boards: Boards;
  private readonly belongings: Belongings;
  /** Undefined: somebody left or changed, to be made anew when next asked for. */
  private mergedOrStale: MergedCatalogue | undefined;
  /** The same of nodes that belong to one customer, those of the operator's file that have asked; gone with any change. */
  private readonly mergedOf = new Map<string, MergedCatalogue>();
  private readonly lastUse = new Map<string, number>();
  private readonly o: ConfigOptions;

  constructor(options: ConfigOptions) {
    this.o = options;
    const { bus, clock, log, places } = options;
    this.boards = new Boards(options);
    this.members = new Members({
      clock,
      log,
      places,
      news: {
        aggregatorUp: (aggregator) => {
          // First of all: before it holds anything that is worth protecting.
          bus.tell(aggregator.key, 'front_door', options.doorKeys(aggregator));
          this.reconciler.aggregatorUp(aggregator);
        },
        aggregatorGone: (aggregator) => {
          this.reconciler.aggregatorGone(aggregator);
        },
        aggregatorHeard: (aggregator, nodes) => {
          this.reconciler.aggregatorHeard(aggregator, nodes);
        },
        nodeUp: (node, before) => {
          if (before?.catalogue !== node.standing.catalogue) this.mergedOf.clear();
          this.reconciler.nodeUp(node, before);
        },
        nodeGone: (node) => {
          this.mergedOf.clear();
          this.reconciler.nodeGone(node);
        },
        nodeHeard: (node, hello) => {
          this.reconciler.nodeHeard(node, hello);
        },
      },
    });
    this.reconciler = new Reconciler({
      bus,
      broadcastKey: options.broadcastKey,
      clock,
      log,
      members: this.members,
      forNodes: (i) => this.forNodes(i),
      choose: (loads) => this.choose(loads),
      moved: (id, aggregator) => {
        this.saveMove(id, aggregator);
      },
      cataloguesChanged: (came) => {
        this.cataloguesChanged(came);
      },
    });
    for (const [id, record] of options.store.records) this.reconciler.add(id, record, true);
    this.belongings = new Belongings({
      ...options,
      isSettled: (id) => this.reconciler.countsOf(id).enabling === 0,
      isHomeSettled: (id) => this.reconciler.isHomeSettled(id),
      changed: (id, instrumentation) => {
        this.reconciler.update(id, instrumentation);
      },
    });
    this.belongings.check();
    this.members.listen(bus);
    bus.on('want_gathers', (_body, { from }) => {
      if (this.members.seen(from)) this.reconciler.wantGathers(from);
      return undefined;
    });
  }

  get records(): ReadonlyMap<string, Stored> {
    return this.o.store.records;
  }

  /** At every connection to the broker: everybody says hello again. */
  connected(): void {
    this.members.forgiveSilence();
    this.reconciler.connected();
    this.o.bus.tell(this.o.broadcastKey, 'config_online', { fleet: this.members.nodeCount });
  }

  /** Each second. */
  tick(): void {
    if (++this.ticks % 2 === 0) this.o.bus.tell(this.o.broadcastKey, 'beat', {}); // who does not hear it is not bound
    if (!this.o.bus.connected) this.members.forgiveSilence();
    this.members.expire();
    this.reconciler.tick();
    this.belongings.tick();
    this.reap();
  }

  /** What all nodes together offer, as far as the profile shows it. */
  catalogue(profile: Profile): Catalogue {
    return visible(this.merged, profile);
  }

  /** What aggregators can explain, together. */
  get transformations(): Transformations {
    return new Map(this.members.aggregators.flatMap((a) => Object.entries(a.transformations ?? {})));
  }

  /** The operator has changed what belongs to whom: nodes hear the new limits, or are told to stop. */
  customersChanged(): void {
    this.mergedOf.clear();
    const others = this.belongings.check();
    this.reconciler.askAgain((i) => others.has(fqid(i)) || this.isOrphan(i));
  }

  /** Nodes whose words disagree with others': one of each kind by name, and how many there are. */
  get conflicts(): { readonly node: string; readonly nodes: number; readonly problems: readonly string[] }[] {
    return this.merged.conflicts.map(({ digest, problems }) => {
      const holders = this.reconciler.standings.catalogues.holders(digest);
      const [first] = holders;
      return { node: first?.host ?? '', nodes: holders.size, problems };
    });
  }

  /** What operators may ask for, or one customer of its own nodes: what others' nodes offer is not its business. */
  catalogueFor(customer: string | undefined): Catalogue {
    return visible(customer === undefined ? this.merged : this.mergedFor(customer), profileOf(customer));
  }

  /** The same for who is about to ask. Throws FORBIDDEN: nothing belongs to that customer. */
  catalogueToAsk(customer: string | undefined): Catalogue {
    if (customer !== undefined) this.possessionsOf(customer);
    return this.catalogueFor(customer);
  }

  /** In order of creation; `everything` also those of customers, for operators. */
  list(customer: string | undefined, everything: boolean): Instrumentation[] {
    return [...this.records.values()]
      .map(({ instrumentation }) => instrumentation)
      .filter((i) => everything || i.customer === customer);
  }

  /** Counts as use. Throws NOT_FOUND. */
  get(id: string, customer: string | undefined): Stored {
    const name = fqid({ id, ...(customer === undefined ? {} : { customer }) });
    // Ids are canonical: "01" and "1e0" are not 1.
    const record = /^[1-9]\d{0,14}$/.test(id) ? this.records.get(name) : undefined;
    if (record === undefined) throw notFound(`instrumentation ${JSON.stringify(id)}`);
    this.lastUse.set(name, this.o.clock.now());
    return record;
  }

  /** Resolves when it is on disk; nodes follow on their own. Rejects with NO_RESOURCE, FORBIDDEN or TOO_MANY. */
  async create(question: Question, customer: string | undefined): Promise<Instrumentation> {
    if (customer !== undefined) this.possessionsOf(customer);
    const record = await this.save((draft) => {
      const { instance } = this.choose(loadsOf(draft.records.values()));
      if (customer !== undefined) checkLimit(draft.records, customer);
      const instrumentation: Instrumentation = {
        id: draft.nextId(customer),
        ...(customer === undefined ? {} : { customer }),
        ...question,
        crtime: this.o.clock.now(),
      };
      const limits = customer === undefined ? undefined : this.possessionsOf(customer).limits;
      const fresh: Stored = {
        instrumentation,
        aggregator: instance,
        ...(limits === undefined ? {} : { limits }),
      };
      draft.put(fresh);
      return fresh;
    });
    const { instrumentation } = record;
    this.lastUse.set(fqid(instrumentation), this.o.clock.now());
    this.reconciler.add(fqid(instrumentation), record);
    this.o.log.info({ fqid: fqid(instrumentation), metric: metricName(instrumentation) }, 'created');
    return instrumentation;
  }

  /** `read` sees it as it is when its turn comes: of two changes at once neither undoes the other. */
  async change(
    asked: Instrumentation,
    read: (current: Instrumentation) => Changes,
  ): Promise<Instrumentation> {
    const id = fqid(asked);
    const next = await this.save((draft) => {
      const record = draft.records.get(id);
      if (record === undefined) throw notFound(`instrumentation ${JSON.stringify(asked.id)}`);
      const instrumentation = { ...record.instrumentation, ...read(record.instrumentation) };
      draft.put({ ...record, instrumentation });
      return instrumentation;
    });
    this.reconciler.update(id, next);
    return next;
  }

  /** Resolves when it is gone from disk, and will not come back. */
  async remove({ instrumentation }: Stored): Promise<void> {
    const id = fqid(instrumentation);
    await this.save((draft) => {
      draft.delete(id);
    });
    this.lastUse.delete(id);
    this.reconciler.remove(id);
    this.o.log.info({ fqid: id }, 'deleted');
  }

  /** The aggregator that has its values. Throws NO_RESOURCE while it is away. */
  homeOf(record: Stored): Aggregator {
    if (!this.belongings.isOpen(fqid(record.instrumentation))) {
      throw new CaError('NO_RESOURCE', 'what belongs to this customer has changed; nodes are told of it', {
        retryAfter: 1,
      });
    }
    const aggregator = this.members.aggregator(record.aggregator);
    if (aggregator !== undefined) return aggregator;
    throw new CaError('NO_RESOURCE', 'the aggregator of this instrumentation is not online', {
      retryAfter: 2,
    });
  }

  /** Instrumentations whose values cannot be asked for, because their aggregator is not online (yet). */
  get homeless(): number {
    let count = 0;
    for (const { aggregator } of this.records.values()) {
      if (this.members.aggregator(aggregator) === undefined) count++;
    }
    return count;
  }

  /** `page`: also nodes by name, the worst first, from this one on and so many; of operators' instrumentations. */
  standing(i: Instrumentation, page?: { readonly from: number; readonly limit: number }): Standing {
    const id = fqid(i);
    const state = this.reconciler.countsOf(id);
    const idleLeft = this.idleLeftOf(i);
    const told = { state, ...(idleLeft === undefined ? {} : { idleLeft }) };
    if (page === undefined || i.customer !== undefined) return told;
    return { ...told, nodes: this.reconciler.nodesOf(id, page.from, page.limit) };
  }

  private async save<T>(apply: (draft: Draft) => T): Promise<T> {
    return await save(this.o.store, this.o.log, apply);
  }

  private choose(loads: ReadonlyMap<string, number>): Aggregator {
    return assign(this.members.aggregators, ({ instance }) => loads.get(instance) ?? 0, this.o.random);
  }

  private saveMove(id: string, aggregator: string): void {
    this.o.store
      .change((draft) => {
        const record = draft.records.get(id);
        if (record !== undefined) draft.put({ ...record, aggregator });
      })
      .catch((error: unknown) => {
        this.o.log.error({ fqid: id, reason: messageOf(error) }, 'cannot save which aggregator has it');
      });
  }

  private possessionsOf(customer: string): Customer {
    const known = this.o.customers().get(customer);
    if (known !== undefined) return known;
    throw nothingBelongsTo(customer);
  }

  /** Its customer was removed: nodes stop gathering it. */
  private isOrphan({ customer }: Instrumentation): boolean {
    return customer !== undefined && this.o.customers().get(customer) === undefined;
  }

  private forNodes(i: Instrumentation): GatherItem | undefined {
    if (i.customer === undefined) return { instrumentation: toWire(i) };
    const owner = this.o.customers().get(i.customer);
    if (owner === undefined) return undefined;
    const item = { instrumentation: toWire(restricted(i, owner)) };
    const { hosts } = owner.limits;
    return hosts === undefined ? item : { ...item, hosts: [...hosts] };
  }

  private cataloguesChanged(came: string | undefined): void {
    const catalogue = came === undefined ? undefined : this.reconciler.standings.catalogues.get(came);
    this.mergedOf.clear();
    if (came !== undefined && catalogue !== undefined) this.mergedOrStale?.add([came, catalogue]);
    else this.mergedOrStale = undefined; // half a fleet may leave in one tick: one new catalogue, not hundreds
  }

  private readonly nodesWith = (digest: string): number =>
    this.reconciler.standings.catalogues.holders(digest).size;

  /** Catalogues of nodes that are online. */
  private described(ownsNode: (host: string) => boolean = () => true): Described[] {
    const found: Described[] = [];
    for (const [digest, catalogue, holders] of this.reconciler.standings.catalogues.known()) {
      for (const { host } of holders) {
        if (!ownsNode(host)) continue;
        found.push([digest, catalogue]);
        break;
      }
    }
    return found;
  }

  private mergedFor(customer: string): MergedCatalogue {
    const owner = this.o.customers().get(customer);
    if (owner === undefined) return new MergedCatalogue([]);
    const known = this.mergedOf.get(customer);
    if (known !== undefined) return known;
    const own = new MergedCatalogue(this.described(owner.ownsNode), this.nodesWith);
    this.mergedOf.set(customer, own);
    return own;
  }

  private get merged(): MergedCatalogue {
    return (this.mergedOrStale ??= new MergedCatalogue(this.described(), this.nodesWith));
  }

  /** Seconds until it is deleted because nobody looks; undefined: never. */
  private idleLeftOf(i: Instrumentation): number | undefined {
    if (i.idleMax === 0) return undefined;
    const now = this.o.clock.now();
    const used = this.lastUse.get(fqid(i)) ?? now;
    return Math.max(0, Math.ceil(i.idleMax - (now - used) / 1000));
  }

  private reap(): void {
    const now = this.o.clock.now();
    for (const [id, record] of this.records) {
      const { idleMax } = record.instrumentation;
      // Uses are not stored: after a restart everybody gets the whole time again.
      const used = this.lastUse.get(id) ?? now;
      this.lastUse.set(id, used);
      if (idleMax === 0 || now - used <= idleMax * 1000) continue;
      this.lastUse.set(id, now);
      this.o.log.info({ fqid: id, idleMax }, 'idle for too long');
      void this.remove(record).catch((error: unknown) => {
        this.o.log.error({ fqid: id, reason: messageOf(error) }, 'cannot delete an idle instrumentation');
      });
    }
  }
}

function checkLimit(records: ReadonlyMap<string, Stored>, customer: string): void {
  let count = 0;
  for (const { instrumentation } of records.values()) if (instrumentation.customer === customer) count++;
  if (count >= LIMITS.instrumentationsPerCustomer) {
    throw new CaError(
      'CONFLICT',
      `customer ${customer} has ${LIMITS.instrumentationsPerCustomer} instrumentations, the most there may be`,
    );
  }
}
