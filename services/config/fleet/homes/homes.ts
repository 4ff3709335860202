/*
 * Which aggregators have an instrumentation's values. In: what is stored, and who is online. Out: these aggregators, or
 * NO_RESOURCE with when to ask again; for a new instrumentation a random one that is not drained.
 */
import type { Clock } from '../../../../common/service/clock';
import { CaError, messageOf } from '../../../../common/service/errors';
import type { Log } from '../../../../common/service/log';
import { fqid } from '../../../../common/model/instrumentation';
import type { Store, Stored } from '../../state/store';
import { assign } from './assign';
import type { Aggregator, Members } from '../members';

interface HomesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly members: Pick<Members, 'aggregator' | 'aggregators'>;
  /** False for a moment after what belongs to its customer has changed. */
  readonly isOpen: (fqid: string) => boolean;
  readonly isDrained: (aggregator: Pick<Aggregator, 'instance' | 'host'>) => boolean;
  /** Its aggregators that are online, the one with the most complete values first. */
  readonly ranked: (fqid: string) => readonly Aggregator[];
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

export class Homes {
  private readonly o: HomesOptions;

  constructor(options: HomesOptions) {
    this.o = options;
  }

  /** Its aggregators, best first. Throws NO_RESOURCE while none is online. */
  of({ instrumentation }: Stored): readonly [Aggregator, ...Aggregator[]] {
    if (!this.o.isOpen(fqid(instrumentation))) {
      throw new CaError('NO_RESOURCE', 'what belongs to this customer has changed; nodes are told of it', {
        retryAfter: 1,
      });
    }
    const [first, ...others] = this.o.ranked(fqid(instrumentation));
    if (first !== undefined) return [first, ...others];
    throw new CaError('NO_RESOURCE', 'the aggregator of this instrumentation is not online', {
      retryAfter: 2,
    });
  }

  /** Instrumentations whose values cannot be asked for, because none of their aggregators is online (yet). */
  get missing(): number {
    let count = 0;
    for (const id of this.o.store.records.keys()) if (this.o.ranked(id).length === 0) count++;
    return count;
  }

  /** `loads`: how many each aggregator has, by instance. `homes`: instances that have the instrumentation. */
  choose(loads: ReadonlyMap<string, number>, homes: readonly string[] = []): Aggregator {
    const { aggregators } = this.o.members;
    const hosts = new Set(
      aggregators.filter(({ instance }) => homes.includes(instance)).map(({ host }) => host),
    );
    const all = aggregators.filter((one) => !homes.includes(one.instance));
    const possible = all.filter((one) => !this.o.isDrained(one));
    return assign(
      possible.length > 0 || homes.length > 0 ? possible : all,
      ({ instance }) => loads.get(instance) ?? 0,
      this.o.random,
      ({ host }) => !hosts.has(host),
    );
  }

  /** Remembered on disk, in the background. */
  moved(id: string, [aggregator = '', ...others]: readonly string[]): void {
    this.o.store
      .change((draft) => {
        const record = draft.records.get(id);
        if (record !== undefined) draft.put({ ...record, aggregator, others });
      })
      .catch((error: unknown) => {
        this.o.log.error({ fqid: id, reason: messageOf(error) }, 'cannot save which aggregators have it');
      });
  }
}
