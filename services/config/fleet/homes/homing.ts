/*
 * The aggregators that have each instrumentation. In: members that come and go, what is wanted, which are drained. Out: for
 * each instrumentation as many homes as wanted, on different hosts where there are any; a command to each home, repeated
 * until it is as wanted; copies of values that one home lacks and another has.
 *
 * A home is given up only when the others have what it had, or when its values would be over: so a move loses no second,
 * and an aggregator that comes back is used again, with what it kept in memory or on disk.
 */
import type { Clock } from '../../../../common/service/clock';
import { CaError, messageOf } from '../../../../common/service/errors';
import { Limiter } from '../../../../common/service/limiter';
import type { Log } from '../../../../common/service/log';
import type { Body } from '../../../../common/wire/message';
import { loadsOf, Home, type Reconciliation } from './reconciliation';
import type { Bus } from '../bus';
import type { Aggregator, Members } from '../members';
import { AGGREGATOR_ANSWER_MS, PendingDeletes } from './pending-deletes';
import { movesOf } from './spread';

/** A home that is away is replaced after this while another one has the values; the only home at once. */
const STAY_MS = 15_000;
/** A new home copies after this: what was on its way when it was bound has arrived then. */
const COPY_AFTER_MS = 5000;
const COPIES_AT_A_TIME = 8;
/** Copies that leave something or fail, before the home counts as whole all the same. */
const COPIES_TRIED = 10;
const COPY_RETRY_MS_MAX = 30_000;
/** An aggregator says something each second; one that was silent for longer is asked last. */
const FRESH_MS = 2500;

interface HomingOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregators' | 'aggregator' | 'silentMs'>;
  readonly all: ReadonlyMap<string, Reconciliation>;
  readonly isDrained: (aggregator: Pick<Aggregator, 'instance'>) => boolean;
  /** Picks another home; throws NO_RESOURCE when there is none. */
  readonly choose: (loads: ReadonlyMap<string, number>, homes: readonly string[]) => Aggregator;
  /** Remembers which homes it has. */
  readonly moved: (fqid: string, homes: readonly string[]) => void;
  /** False: homes and nodes are still saying hello. */
  readonly isReady: (one: Reconciliation) => boolean;
  /** Only the first of its homes exports it. */
  readonly commandFor: (
    one: Reconciliation,
    isFirst: boolean,
  ) => { readonly body: Body<'enable_aggregation'>; readonly digest: string };
  readonly beforeCommand: () => void;
  /** Copies what `to` lacks; resolves to the number of slots that could not be copied yet. */
  readonly copy: (one: Reconciliation, from: Aggregator, to: Aggregator) => Promise<number>;
}

export class Homing {
  /** Left while they were being told about their instrumentation. */
  private readonly leaving = new Map<Home, string>();
  private readonly deletes: PendingDeletes;
  private readonly copies = new Limiter({ atATime: COPIES_AT_A_TIME });
  private readonly o: HomingOptions;

  constructor(options: HomingOptions) {
    this.o = options;
    this.deletes = new PendingDeletes({
      ...options,
      isWanted: (id) => options.all.has(id),
      isBusy: (id, instance) =>
        options.all.get(id)?.home(instance)?.busy === true ||
        [...this.leaving].some(([home, of]) => of === id && home.instance === instance),
    });
  }

  get loads(): ReadonlyMap<string, number> {
    return loadsOf([...this.o.all.values()].map(({ homes }) => homes.map(({ instance }) => instance)));
  }

  /** Its online homes, the one with the most complete values first. */
  ranked(one: Reconciliation): Aggregator[] {
    const rank = (home: Home, aggregator: Aggregator): number =>
      (this.o.members.silentMs(aggregator.key) > FRESH_MS ? 4 : 0) +
      (this.isHeld(home) ? 0 : 2) +
      (this.isWhole(one, home) ? 0 : 1);
    return one.homes
      .flatMap((home) => {
        const aggregator = this.o.members.aggregator(home.instance);
        return aggregator === undefined ? [] : [{ aggregator, rank: rank(home, aggregator) }];
      })
      .sort((a, b) => a.rank - b.rank)
      .map(({ aggregator }) => aggregator);
  }

  isSettled(one: Reconciliation): boolean {
    return one.homes.every((home, i) => {
      if (this.o.members.aggregator(home.instance) === undefined) return one.homes.length > 1;
      return !home.busy && home.sent === this.o.commandFor(one, i === this.firstOf(one)).digest;
    });
  }

  aggregatorUp(aggregator: Aggregator): void {
    for (const one of this.o.all.values()) {
      const home = one.home(aggregator.instance);
      if (home !== undefined) {
        home.sentTo = undefined;
        home.heldSince = undefined;
        home.awaySince = undefined;
        home.retryAt = 0;
      }
      this.settle(one);
    }
    this.deletes.tell(aggregator);
  }

  aggregatorGone({ instance }: Aggregator): void {
    for (const one of this.o.all.values()) {
      const home = one.home(instance);
      if (home === undefined) continue;
      home.heldSince = undefined;
      home.awaySince = this.o.clock.now();
      this.settle(one);
    }
  }

  remove(one: Reconciliation): void {
    for (const home of one.homes) {
      if (home.busy) this.leaving.set(home, one.id);
      if (home.sentTo !== undefined || home.busy || home.hadBefore) this.deletes.add(home.instance, one.id);
    }
  }

  /** Each second. */
  tick(): void {
    const now = this.o.clock.now();
    for (const one of this.o.all.values()) {
      if (one.homes.some(({ retryAt }) => retryAt !== 0 && now >= retryAt) || this.isUnsteady(one))
        this.settle(one);
      this.copyFor(one, now);
    }
    this.spread(now);
    for (const aggregator of this.o.members.aggregators) this.deletes.tell(aggregator);
  }

  settle(one: Reconciliation): void {
    if (one.removed || !this.o.isReady(one)) return;
    this.place(one);
    const first = this.firstOf(one);
    one.homes.forEach((home, i) => {
      this.deliver(one, home, i === first);
    });
  }

  /** More or fewer homes than wanted, one that is away, or one to be left. */
  private isUnsteady({ homes, wanted }: Reconciliation): boolean {
    return (
      homes.length !== wanted ||
      homes.some(
        (home) => home.awaySince !== undefined || home.heldSince === undefined || this.o.isDrained(home),
      )
    );
  }

  private isOnline({ instance }: Home): boolean {
    return this.o.members.aggregator(instance) !== undefined;
  }

  private isHeld({ instance, sentTo, heldSince }: Home): boolean {
    const aggregator = this.o.members.aggregator(instance);
    return aggregator !== undefined && sentTo === aggregator && heldSince !== undefined;
  }

  /** It has all that any other home has that is there. */
  isWhole(one: Reconciliation, home: Home): boolean {
    if (!this.isHeld(home)) return false;
    return ![...home.lacks].some((from) => {
      const source = one.home(from);
      return source !== undefined && this.isOnline(source);
    });
  }

  private firstOf({ homes }: Reconciliation): number {
    return Math.max(
      0,
      homes.findIndex((home) => this.isOnline(home)),
    );
  }

  /** Adds the homes that are missing, and leaves those that are no longer needed. */
  private place(one: Reconciliation): void {
    const now = this.o.clock.now();
    for (const home of one.homes) if (!this.isOnline(home)) home.awaySince ??= now;
    const before = one.homes;
    const isAnyOnline = before.some((home) => this.isOnline(home));
    const stays = before.filter(
      (home) =>
        !this.o.isDrained(home) &&
        (this.isOnline(home) || (isAnyOnline && now - (home.awaySince ?? now) < STAY_MS)),
    );
    for (let count = stays.length; count < one.wanted; count++) {
      if (!this.add(one, !isAnyOnline || stays.length === 0)) break;
    }
    this.leave(one, now);
    if (one.homes === before) return;
    const homes = one.homes.map(({ instance }) => instance);
    this.o.log.info(
      { fqid: one.id, from: before.map(({ instance }) => instance), to: homes },
      'moved to other aggregators',
    );
    this.o.moved(one.id, homes);
  }

  private add(one: Reconciliation, isFirst: boolean, given?: Aggregator): boolean {
    try {
      const homes = one.homes.map(({ instance }) => instance);
      const { instance } = given ?? this.o.choose(this.loads, homes);
      const home = new Home(instance);
      for (const other of homes) home.lacks.add(other);
      this.deletes.cancel(instance, one.id);
      one.homes = isFirst ? [home, ...one.homes] : [...one.homes, home];
      one.reason = '';
      return true;
    } catch (error) {
      if (!(error instanceof CaError)) throw error;
      one.reason = error.message;
      return false;
    }
  }

  private leave(one: Reconciliation, now: number): void {
    const whole = one.homes.filter((home) => !this.o.isDrained(home) && this.isWhole(one, home));
    if (whole.length < one.wanted) return;
    const { retentionTime } = one.record.instrumentation;
    const isOver = (home: Home): boolean => now - (home.awaySince ?? now) > 1000 * retentionTime;
    const needless = one.homes.filter((home) =>
      this.isOnline(home) ? this.o.isDrained(home) && !home.copying : isOver(home),
    );
    const surplus = whole.length > one.wanted ? this.mostDispensable(whole) : undefined;
    for (const home of [...needless, ...(surplus === undefined ? [] : [surplus])]) {
      one.homes = one.homes.filter((other) => other !== home);
      for (const other of one.homes) other.lacks.delete(home.instance);
      if (home.busy) this.leaving.set(home, one.id);
      this.deletes.add(home.instance, one.id);
    }
  }

  /** One on a host that has another of them, else the one whose aggregator has the most to do. */
  private mostDispensable(homes: readonly Home[]): Home | undefined {
    const { loads } = this;
    const hostOf = ({ instance }: Home): string | undefined => this.o.members.aggregator(instance)?.host;
    const shares = (home: Home): number =>
      Number(homes.some((other) => other !== home && hostOf(other) === hostOf(home)));
    const load = ({ instance }: Home): number => loads.get(instance) ?? 0;
    return [...homes].sort((a, b) => shares(b) - shares(a) || load(b) - load(a))[0];
  }

  private spread(now: number): void {
    const moves = movesOf({
      all: [...this.o.all.values()],
      aggregators: this.o.members.aggregators.filter((a) => !this.o.isDrained(a)),
      loads: this.loads,
      isOnline: (home) => this.isOnline(home),
      isWhole: (one, home) => this.isWhole(one, home),
      now,
    });
    for (const { one, to } of moves) {
      this.add(one, false, to);
      this.settle(one);
    }
  }

  private copyFor(one: Reconciliation, now: number): void {
    for (const home of one.homes) {
      const to = this.o.members.aggregator(home.instance);
      const isDue = this.isHeld(home) && now - (home.heldSince ?? now) >= COPY_AFTER_MS && now >= home.copyAt;
      if (to === undefined || !isDue || home.copying) continue;
      const source = one.homes.find((other) => home.lacks.has(other.instance) && this.isHeld(other));
      const from = source === undefined ? undefined : this.o.members.aggregator(source.instance);
      if (from === undefined || !this.copies.tryEnter()) continue;
      home.copying = true;
      void this.o
        .copy(one, from, to)
        .catch((error: unknown) => {
          this.o.log.warn(
            { fqid: one.id, from: from.instance, to: to.instance, reason: messageOf(error) },
            'values not copied',
          );
          home.copyAt = this.o.clock.now() + Math.min(COPY_RETRY_MS_MAX, 1000 * 2 ** home.tries);
          return Infinity;
        })
        .then((left) => {
          if (left > 0 && ++home.tries < COPIES_TRIED) return;
          home.tries = 0;
          home.lacks.delete(from.instance);
        })
        .finally(() => {
          home.copying = false;
          this.copies.leave();
          this.settle(one);
        });
    }
  }

  /** One call to the aggregator at a time; what changes meanwhile goes with the next one. */
  private deliver(one: Reconciliation, home: Home, isFirst: boolean): void {
    if (one.removed || home.busy) return;
    const aggregator = this.o.members.aggregator(home.instance);
    if (aggregator === undefined || this.o.clock.now() < home.retryAt) return;
    const { body, digest } = this.o.commandFor(one, isFirst);
    if (home.sentTo?.key === aggregator.key && home.sent === digest) return;
    home.busy = true;
    home.retryAt = 0;
    // First the nodes, then who of them should report.
    this.o.beforeCommand();
    this.o.bus
      .call(aggregator.key, 'enable_aggregation', body, AGGREGATOR_ANSWER_MS)
      .then(
        () => {
          // It may have said hello again meanwhile, and have forgotten.
          if (this.o.members.aggregator(home.instance) !== aggregator) return;
          home.sentTo = aggregator;
          home.sent = digest;
          home.backoff.succeeded();
          if (home.heldSince === undefined) this.held(one, home);
        },
        (error: unknown) => {
          home.reason = messageOf(error);
          this.o.log.warn(
            { fqid: one.id, aggregator: aggregator.instance, reason: home.reason },
            'not enabled',
          );
          home.retryAt = this.o.clock.now() + home.backoff.failed();
        },
      )
      .finally(() => {
        home.busy = false;
        this.leaving.delete(home);
        if (one.removed || one.home(home.instance) !== home) this.deletes.tell(aggregator);
        else this.settle(one);
      });
  }

  /** It may lack what others have, and have what they lack. */
  private held(one: Reconciliation, home: Home): void {
    home.heldSince = this.o.clock.now();
    home.tries = 0;
    for (const other of one.homes) {
      if (other === home) continue;
      home.lacks.add(other.instance);
      if (home.hadBefore) other.lacks.add(home.instance);
    }
    home.hadBefore = true;
  }
}
