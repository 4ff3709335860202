/*
 * A customer that loses a zone or a host loses its values at once. In: the limits of each customer when
 * its instrumentations began, and its limits now. Out: instrumentations that are closed for reading, until every node
 * gathers within the new limits; then the second from which on their values are the customer's.
 */
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import type { Log } from '../../../common/service/log';
import type { Customers, Limits } from './customers';
import type { Store, Stored } from '../state/store';

/** A customer's values stay closed at least this long after its limits became narrower, until nodes follow. */
const NARROWING_MS = 2000;

interface BelongingsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'records' | 'change'>;
  readonly customers: () => Customers;
  /** Every node that is online gathers it within its present limits, or not at all. */
  readonly isSettled: (fqid: string) => boolean;
  /** Its aggregator knows it as it is now. */
  readonly isHomeSettled: (fqid: string) => boolean;
  readonly changed: (fqid: string, instrumentation: Instrumentation) => void;
}

interface Closed {
  readonly since: number;
  /** Saved with its new limits; only its aggregator must still hear of it. */
  renewed: boolean;
  saving: boolean;
}

export class Belongings {
  private readonly closed = new Map<string, Closed>();
  private readonly o: BelongingsOptions;

  constructor(options: BelongingsOptions) {
    this.o = options;
  }

  /** At the start and whenever the operator's file was read: returns those whose limits are others now. */
  check(): ReadonlySet<string> {
    const others = new Set<string>();
    for (const [id, record] of this.o.store.records) {
      const now = this.limitsNow(record);
      if (now === undefined || sameLimits(now, record.limits)) continue;
      others.add(id);
      if (record.limits === undefined || covers(now, record.limits)) this.save(id, now, undefined);
      else this.closed.set(id, { since: this.o.clock.now(), renewed: false, saving: false });
    }
    return others;
  }

  /** False: its values may include what no longer belongs to the customer. */
  isOpen(id: string): boolean {
    return !this.closed.has(id);
  }

  /** Each second. */
  tick(): void {
    for (const [id, entry] of this.closed) {
      const record = this.o.store.records.get(id);
      const now = record === undefined ? undefined : this.limitsNow(record);
      if (record === undefined) this.closed.delete(id);
      else if (entry.renewed) {
        if (this.o.isHomeSettled(id)) this.closed.delete(id);
      } else if (
        now !== undefined &&
        !entry.saving &&
        this.o.clock.now() - entry.since >= NARROWING_MS &&
        this.o.isSettled(id)
      ) {
        // The second that is running was begun within the old limits, and the next one perhaps by a slow clock.
        this.save(id, now, Math.floor(this.o.clock.now() / 1000) + 2, entry);
      }
    }
  }

  private save(id: string, limits: Limits, valuesFrom: number | undefined, entry?: Closed): void {
    if (entry !== undefined) entry.saving = true;
    this.o.store
      .change((draft) => {
        const record = draft.records.get(id);
        if (record === undefined) return undefined;
        const instrumentation =
          valuesFrom === undefined ? record.instrumentation : { ...record.instrumentation, valuesFrom };
        draft.put({ ...record, instrumentation, limits });
        return instrumentation;
      })
      .then(
        (instrumentation) => {
          if (entry === undefined || instrumentation === undefined) return;
          entry.renewed = true;
          this.o.changed(fqid(instrumentation), instrumentation);
        },
        (error: unknown) => {
          if (entry !== undefined) entry.saving = false;
          this.o.log.error({ fqid: id, reason: messageOf(error) }, 'cannot save the limits of a customer');
        },
      );
  }

  private limitsNow({ instrumentation: { customer } }: Stored): Limits | undefined {
    return customer === undefined ? undefined : this.o.customers().get(customer)?.limits;
  }
}

/** Everything of `then` is within `now`. */
export function covers(now: Limits, then: Limits): boolean {
  return (['hosts', 'zones'] as const).every((kind) => {
    const [wider, narrower] = [now[kind], then[kind]];
    return wider === undefined || narrower?.every((one) => wider.includes(one)) === true;
  });
}

function sameLimits(a: Limits, b: Limits | undefined): boolean {
  return b !== undefined && covers(a, b) && covers(b, a);
}
