/*
 * What aggregators must still be told to forget: instrumentations that were deleted, or that moved elsewhere while
 * they were away. In: their ids. Out: commands, repeated at each tick and hello until they are answered.
 */
import { messageOf } from '../../../../common/service/errors';
import { LIMITS } from '../../../../common/service/limits';
import type { Log } from '../../../../common/service/log';
import type { Bus } from '../bus';
import type { Aggregator, Members } from '../members';

/** An aggregator answers a command within this. */
export const AGGREGATOR_ANSWER_MS = 5000;

interface PendingDeletesOptions {
  readonly bus: Bus;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregator'>;
  /** It lives on elsewhere. */
  readonly isWanted: (fqid: string) => boolean;
  /** An enable_aggregation is under way: forgetting must come after it. */
  readonly isBusy: (fqid: string, instance: string) => boolean;
}

export class PendingDeletes {
  private readonly pending = new Map<string, Set<string>>();
  private readonly o: PendingDeletesOptions;

  constructor(options: PendingDeletesOptions) {
    this.o = options;
  }

  add(instance: string, fqid: string): void {
    const ids = this.pending.get(instance) ?? new Set();
    this.pending.set(instance, ids.add(fqid));
    // It cannot hold more than this, whatever we forgot to tell it.
    if (ids.size > LIMITS.instrumentationsPerAggregator) ids.delete([...ids][0] ?? '');
    const aggregator = this.o.members.aggregator(instance);
    if (aggregator !== undefined) this.tell(aggregator);
  }

  /** It is to have it again. */
  cancel(instance: string, fqid: string): void {
    this.pending.get(instance)?.delete(fqid);
  }

  tell({ instance, key }: Aggregator): void {
    const ids = this.pending.get(instance);
    if (ids === undefined) return;
    for (const fqid of [...ids]) {
      if (this.o.isBusy(fqid, instance)) continue;
      ids.delete(fqid);
      this.o.bus
        .call(key, 'disable_aggregation', { fqid, deleted: !this.o.isWanted(fqid) }, AGGREGATOR_ANSWER_MS)
        .catch((error: unknown) => {
          this.o.log.warn({ fqid, aggregator: instance, reason: messageOf(error) }, 'not disabled yet');
          ids.add(fqid);
          this.pending.set(instance, ids);
        });
    }
    if (ids.size === 0) this.pending.delete(instance);
  }
}
