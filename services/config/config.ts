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
import { changes, Gathers } from '../../common/wire/gathers';
import { toWire, type GatherItem } from '../../common/wire/message';
import type { Routes } from '../../common/wire/route';
import { assign } from './fleet/assign';
import { Belongings } from './fleet/belongings';
import type { Bus } from './fleet/bus';
import type { Catalogue } from './fleet/catalogue';
import { nothingBelongsTo, restricted, type Customer, type Customers } from './fleet/customers';
import { Inventory } from './fleet/inventory';
import { Members, type Aggregator } from './fleet/members';
import { MergedCatalogues } from './fleet/merged-catalogues';
import type { Standing, Transformations } from './api/present';
import { profileOf, visible } from './api/profile';
import type { Profile } from './api/profiles/profile';
import type { Changes, Question } from './api/question';
import { loadsOf, Reconciler } from './fleet/reconcile';
import { Boards } from './state/boards';
import { save } from './state/save';
import type { FleetStore } from './state/fleet-store';
import type { Draft, Store, Stored } from './state/store';

interface ConfigOptions {
  readonly bus: Bus;
  readonly routes: Pick<Routes, 'broadcast' | 'instrumenter'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly fleet: FleetStore;
  readonly customers: () => Customers;
  /** What an aggregator and the front door show each other. */
  readonly doorKeys: (aggregator: Aggregator) => DoorKeys;
  readonly places?: AggregatorPlaces;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

/** Seconds between looks at whether the state can be kept. */
const CHECK_STATE_S = 10;
const DISOWN_MS = 300;

export class Config {
  private ticks = 0;
  readonly members: Members;
  readonly reconciler: Reconciler;
  readonly boards: Boards;
  private readonly belongings: Belongings;
  readonly inventory: Inventory;
  private readonly merged: MergedCatalogues;
  private readonly lastUse = new Map<string, number>();
  private readonly o: ConfigOptions;

  constructor(options: ConfigOptions) {
    this.o = options;
    const { bus, clock, log, places } = options;
    this.boards = new Boards(options);
    this.inventory = new Inventory({
      store: options.fleet,
      clock,
      log,
      isOnline: (host) => this.members.isOnline(options.routes.instrumenter(host)),
      online: () => this.members.nodes.map(({ host }) => host),
      barred: (host) => {
        this.bar(host);
      },
    });
    this.merged = new MergedCatalogues({
      standings: () => this.reconciler.standings,
      customers: options.customers,
    });
    this.members = new Members({
      clock,
      log,
      places,
      isBarred: (host) => this.inventory.isBarred(host),
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
          if (before?.catalogue !== node.standing.catalogue) this.merged.nodesChanged();
          this.inventory.heard(node.host);
          this.reconciler.nodeUp(node, before);
        },
        nodeGone: (node, goodbye) => {
          this.merged.nodesChanged();
          this.inventory.gone(node.host, goodbye);
          this.reconciler.nodeGone(node);
        },
        nodeHeard: (node, hello) => {
          this.reconciler.nodeHeard(node, hello);
        },
      },
    });
    this.reconciler = new Reconciler({
      bus,
      broadcastKey: options.routes.broadcast,
      clock,
      log,
      members: this.members,
      forNodes: (i) => this.forNodes(i),
      choose: (loads) => this.choose(loads),
      moved: (id, aggregator) => {
        this.saveMove(id, aggregator);
      },
      cataloguesChanged: (came) => {
        this.merged.changed(came);
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
    this.inventory.connected();
    this.reconciler.connected();
    this.o.bus.tell(this.o.routes.broadcast, 'config_online', { fleet: this.members.nodeCount });
  }

  /** A node that is not let in any more: it gathers nothing, hears nothing, and nothing of it counts from now on. */
  private bar(host: string): void {
    const { bus, routes } = this.o;
    const key = routes.instrumenter(host);
    this.members.bar(key);
    this.reconciler.nodeBarred(host);
    for (const message of changes(undefined, Gathers.EMPTY)) bus.tell(key, 'gathers', message);
    // After that message has gone; a node without a queue hears nothing as it is.
    setTimeout(() => void bus.disown(key).catch(() => undefined), DISOWN_MS).unref();
  }

  /** Each second. */
  tick(): void {
    if (++this.ticks % 2 === 0) this.o.bus.tell(this.o.routes.broadcast, 'beat', {}); // who does not hear it is not bound
    if (!this.o.bus.connected) this.members.forgiveSilence();
    this.members.expire();
    this.reconciler.tick();
    this.belongings.tick();
    if (this.ticks % CHECK_STATE_S === 0) void this.o.store.check();
    this.reap();
  }

  /** Why what is asked for cannot be kept; undefined: it can. */
  get trouble(): string | undefined {
    return this.o.store.trouble ?? this.o.fleet.trouble;
  }

  /** What all nodes together offer, as far as the profile shows it. */
  catalogue(profile: Profile): Catalogue {
    return visible(this.merged.all, profile);
  }

  /** What aggregators can explain, together. */
  get transformations(): Transformations {
    return new Map(this.members.aggregators.flatMap((a) => Object.entries(a.transformations ?? {})));
  }

  /** The operator has changed what belongs to whom: nodes hear the new limits, or are told to stop. */
  customersChanged(): void {
    this.merged.nodesChanged();
    const others = this.belongings.check();
    this.reconciler.askAgain((i) => others.has(fqid(i)) || this.isOrphan(i));
  }

  /** Nodes whose words disagree with others'. */
  get conflicts(): MergedCatalogues['conflicts'] {
    return this.merged.conflicts;
  }

  /** What operators may ask for, or one customer of its own nodes: what others' nodes offer is not its business. */
  catalogueFor(customer: string | undefined): Catalogue {
    return visible(this.merged.of(customer), profileOf(customer));
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
