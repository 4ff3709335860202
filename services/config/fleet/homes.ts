/*
 * Which aggregator has an instrumentation's values. In: what is stored, and who is online. Out: that aggregator, or
 * NO_RESOURCE with when to ask again; for a new instrumentation a random one of those with the least.
 */
import type { Clock } from '../../../common/service/clock';
import { CaError, messageOf } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { fqid } from '../../../common/model/instrumentation';
import type { Store, Stored } from '../state/store';
import { assign } from './assign';
import type { Aggregator, Members } from './members';

interface HomesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly members: Pick<Members, 'aggregator' | 'aggregators'>;
  /** False for a moment after what belongs to its customer has changed. */
  readonly isOpen: (fqid: string) => boolean;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
}

export class Homes {
  private readonly o: HomesOptions;

  constructor(options: HomesOptions) {
    this.o = options;
  }

  /** Throws NO_RESOURCE while it is away. */
  of({ instrumentation, aggregator: instance }: Stored): Aggregator {
    if (!this.o.isOpen(fqid(instrumentation))) {
      throw new CaError('NO_RESOURCE', 'what belongs to this customer has changed; nodes are told of it', {
        retryAfter: 1,
      });
    }
    const aggregator = this.o.members.aggregator(instance);
    if (aggregator !== undefined) return aggregator;
    throw new CaError('NO_RESOURCE', 'the aggregator of this instrumentation is not online', {
      retryAfter: 2,
    });
  }

  /** Instrumentations whose values cannot be asked for, because their aggregator is not online (yet). */
  get missing(): number {
    let count = 0;
    for (const { aggregator } of this.o.store.records.values()) {
      if (this.o.members.aggregator(aggregator) === undefined) count++;
    }
    return count;
  }

  /** `loads`: how many each aggregator has, by instance. */
  choose(loads: ReadonlyMap<string, number>): Aggregator {
    return assign(this.o.members.aggregators, ({ instance }) => loads.get(instance) ?? 0, this.o.random);
  }

  /** Remembered on disk, in the background. */
  moved(id: string, aggregator: string): void {
    this.o.store
      .change((draft) => {
        const record = draft.records.get(id);
        if (record !== undefined) draft.put({ ...record, aggregator });
      })
      .catch((error: unknown) => {
        this.o.log.error({ fqid: id, reason: messageOf(error) }, 'cannot save which aggregator has it');
      });
  }
}
