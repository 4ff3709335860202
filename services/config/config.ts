/*
 * The service without HTTP: members, wanted instrumentations, the catalogue. In: messages of members, and
 * requests of the API. Out: instrumentations on disk, and commands to members.
 * The REST front is resources.ts; telling members is reconcile.ts.
 */
import type { Clock } from '../../common/service/clock';
import { messageOf, notFound } from '../../common/service/errors';
import type { DoorKeys } from '../../common/http/front-door';
import { fqid, type Instrumentation } from '../../common/model/instrumentation';
import type { Log } from '../../common/service/log';
import type { AggregatorPlaces } from '../../common/service/networks';
import { metricName } from '../../common/model/metric';
import { changes, Gathers } from '../../common/wire/gathers';
import type { Routes } from '../../common/wire/route';
import { Belongings } from './fleet/belongings';
import type { Bus } from './fleet/bus';
import type { Catalogue } from './fleet/catalogue';
import { checkLimit, itemFor, possessionsOf, type Customers } from './fleet/customers';
import { Drains } from './fleet/homes/drains';
import { Homes } from './fleet/homes/homes';
import { Inventory } from './fleet/enrolment/inventory';
import { LostState } from './fleet/lost-state';
import { Members, type Aggregator } from './fleet/members';
import { MergedCatalogues } from './fleet/merged-catalogues';
import type { Standing, Transformations } from './api/present';
import { profileOf, visible } from './api/profile';
import type { Profile } from './api/profiles/profile';
import type { Changes, Question } from './api/question';
import { Reconciler } from './fleet/reconcile';
import { loadsOf } from './fleet/homes/reconciliation';
import { Boards } from './state/boards';
import { save } from './state/save';
import type { FleetStore } from './state/fleet-store';
import { homesOf, type Draft, type Store, type Stored } from './state/store';
import { Uses } from './uses';

interface ConfigOptions {
  readonly bus: Bus;
  readonly routes: Pick<Routes, 'broadcast' | 'instrumenter'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly fleet: FleetStore;
  readonly customers: () => Customers;
  /** Keys with which an aggregator and the front door authenticate each other. */
  readonly doorKeys: (aggregator: Aggregator) => DoorKeys;
  readonly places?: AggregatorPlaces;
  /** Copies values from one aggregator to another; undefined: nothing can be copied. */
  readonly copy?: (instrumentation: Instrumentation, from: Aggregator, to: Aggregator) => Promise<number>;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

/** Seconds between checks that the state can be saved. */
const CHECK_STATE_S = 10;
const DISOWN_MS = 300;

export class Config {
  private ticks = 0;
  readonly members: Members;
  readonly reconciler: Reconciler;
  readonly boards: Boards;
  readonly homes: Homes;
  readonly drains: Drains;
  private readonly belongings: Belongings;
  readonly inventory: Inventory;
  private readonly merged: MergedCatalogues;
  private readonly uses: Uses;
  private readonly lostState: LostState;
  private readonly o: ConfigOptions;

  constructor(options: ConfigOptions) {
    this.o = options;
    const { bus, clock, log, places } = options;
    this.boards = new Boards({ ...options, store: options.store.boards });
    this.uses = new Uses(clock);
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
          // First, before the aggregator has any data to protect.
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
          this.lostState.heard(node);
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
    this.drains = new Drains({
      store: options.fleet,
      members: this.members,
      changed: () => {
        this.reconciler.settleHomes();
      },
    });
    this.homes = new Homes({
      ...options,
      members: this.members,
      isOpen: (id) => this.belongings.isOpen(id),
      isDrained: (aggregator) => this.drains.has(aggregator),
      ranked: (id) => this.reconciler.ranked(id),
    });
    this.reconciler = new Reconciler({
      bus,
      broadcastKey: options.routes.broadcast,
      clock,
      log,
      members: this.members,
      forNodes: (i) => itemFor(i, options.customers()),
      choose: (loads, homes) => this.homes.choose(loads, homes),
      moved: (id, homes) => {
        this.homes.moved(id, homes);
      },
      isDrained: (aggregator) => this.drains.has(aggregator),
      copy: options.copy ?? (() => Promise.resolve(0)),
      cataloguesChanged: (came) => {
        this.merged.changed(came);
      },
    });
    this.lostState = new LostState({ ...options, reconciler: this.reconciler });
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

  /** At every connection to the broker: makes all members say hello again. */
  connected(): void {
    this.lostState.connected();
    this.members.forgiveSilence();
    this.inventory.connected();
    this.reconciler.connected();
    this.o.bus.tell(this.o.routes.broadcast, 'config_online', { fleet: this.members.nodeCount });
  }

  /** Bars a node: it gathers nothing, its queue is unbound, and its reports no longer count. */
  private bar(host: string): void {
    const { bus, routes } = this.o;
    const key = routes.instrumenter(host);
    this.members.bar(key);
    this.reconciler.nodeBarred(host);
    for (const message of changes(undefined, Gathers.EMPTY)) bus.tell(key, 'gathers', message);
    // After that message was sent; a node without a queue receives nothing anyway.
    setTimeout(() => void bus.disown(key).catch(() => undefined), DISOWN_MS).unref();
  }

  /** Each second. */
  tick(): void {
    if (++this.ticks % 2 === 0) this.o.bus.tell(this.o.routes.broadcast, 'beat', {}); // a member that does not hear it is not bound
    if (!this.o.bus.connected) this.members.forgiveSilence();
    this.members.expire();
    this.reconciler.tick();
    this.belongings.tick();
    if (this.ticks % CHECK_STATE_S === 0) void this.o.store.check();
    this.reap();
  }

  /** Why changes cannot be saved; undefined: they can. */
  get trouble(): string | undefined {
    return this.o.store.trouble ?? this.o.fleet.trouble;
  }

  /** The merged catalogue of all nodes, as far as the profile shows it. */
  catalogue(profile: Profile): Catalogue {
    return visible(this.merged.all, profile);
  }

  /** Transformations of all aggregators. */
  get transformations(): Transformations {
    return new Map(this.members.aggregators.flatMap((a) => Object.entries(a.transformations ?? {})));
  }

  /** The customers' file has changed: nodes get the new limits, or stop. */
  customersChanged(): void {
    this.merged.nodesChanged();
    const others = this.belongings.check();
    this.reconciler.askAgain((i) => others.has(fqid(i)) || itemFor(i, this.o.customers()) === undefined);
  }

  /** Nodes whose catalogues conflict with others'. */
  get conflicts(): MergedCatalogues['conflicts'] {
    return this.merged.conflicts;
  }

  /** The catalogue for operators, or for one customer of its own nodes only. */
  catalogueFor(customer: string | undefined): Catalogue {
    return visible(this.merged.of(customer), profileOf(customer));
  }

  /** The same for creating an instrumentation. Throws FORBIDDEN for a customer without nodes or zones. */
  catalogueToAsk(customer: string | undefined): Catalogue {
    if (customer !== undefined) possessionsOf(this.o.customers(), customer);
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
    this.uses.note(name);
    return record;
  }

  /** Resolves when it is on disk; nodes follow asynchronously. Rejects with NO_RESOURCE, FORBIDDEN or TOO_MANY. */
  async create(question: Question, customer: string | undefined): Promise<Instrumentation> {
    if (customer !== undefined) possessionsOf(this.o.customers(), customer);
    const record = await this.save((draft) => {
      const { instance } = this.homes.choose(loadsOf([...draft.records.values()].map(homesOf)));
      if (customer !== undefined) checkLimit(draft.records, customer);
      const instrumentation: Instrumentation = {
        id: draft.nextId(customer),
        ...(customer === undefined ? {} : { customer }),
        ...question,
        crtime: this.o.clock.now(),
      };
      const limits = customer === undefined ? undefined : possessionsOf(this.o.customers(), customer).limits;
      const fresh: Stored = {
        instrumentation,
        aggregator: instance,
        ...(limits === undefined ? {} : { limits }),
      };
      draft.put(fresh);
      return fresh;
    });
    const { instrumentation } = record;
    this.uses.note(fqid(instrumentation));
    this.reconciler.add(fqid(instrumentation), record);
    this.o.log.info({ fqid: fqid(instrumentation), metric: metricName(instrumentation) }, 'created');
    return instrumentation;
  }

  /** `read` gets the current record when its turn comes: of two concurrent changes neither undoes the other. */
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

  /** Resolves when it is deleted from disk. */
  async remove({ instrumentation }: Stored): Promise<void> {
    const id = fqid(instrumentation);
    await this.save((draft) => {
      draft.delete(id);
    });
    this.uses.forget(id);
    this.reconciler.remove(id);
    this.o.log.info({ fqid: id }, 'deleted');
  }

  /** `page`: also a page of nodes by name, worst first; only for operators' instrumentations. */
  standing(i: Instrumentation, page?: { readonly from: number; readonly limit: number }): Standing {
    const id = fqid(i);
    const state = this.reconciler.countsOf(id);
    const idleLeft = this.uses.secondsLeft(i);
    const told = { state, ...(idleLeft === undefined ? {} : { idleLeft }) };
    if (page === undefined || i.customer !== undefined) return told;
    const aggregators = this.reconciler.homesOf(id);
    return { ...told, aggregators, nodes: this.reconciler.nodesOf(id, page.from, page.limit) };
  }

  private async save<T>(apply: (draft: Draft) => T): Promise<T> {
    return await save(this.o.store, this.o.log, apply);
  }

  private reap(): void {
    for (const record of this.uses.expired(this.records.values())) {
      const { instrumentation } = record;
      const { idleMax } = instrumentation;
      this.o.log.info({ fqid: fqid(instrumentation), idleMax }, 'idle for too long');
      void this.remove(record).catch((error: unknown) => {
        this.o.log.error(
          { fqid: fqid(instrumentation), reason: messageOf(error) },
          'cannot delete an idle instrumentation',
        );
      });
    }
  }
}
