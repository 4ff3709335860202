/*
 * What aggregators must still be told to forget: instrumentations that were deleted, or that moved elsewhere while
 * they were away. In: debts. Out: commands, repeated at each tick and hello until they are answered.
 */
import { messageOf } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import type { Bus } from './bus';
import type { Aggregator, Members } from './members';

interface DebtsOptions {
  readonly bus: Bus;
  readonly log: Log;
  readonly members: Pick<Members, 'aggregator'>;
  /** It lives on elsewhere. */
  readonly isWanted: (fqid: string) => boolean;
  /** An enable_aggregation is under way: forgetting must come after it. */
  readonly isBusy: (fqid: string, instance: string) => boolean;
}

export class Debts {
  private readonly owed = new Map<string, Set<string>>();
  private readonly o: DebtsOptions;

  constructor(options: DebtsOptions) {
    this.o = options;
  }

  owe(instance: string, fqid: string): void {
    const debts = this.owed.get(instance) ?? new Set();
    this.owed.set(instance, debts.add(fqid));
    // It cannot hold more than this, whatever we forgot to tell it.
    if (debts.size > LIMITS.instrumentationsPerAggregator) debts.delete([...debts][0] ?? '');
    const aggregator = this.o.members.aggregator(instance);
    if (aggregator !== undefined) this.pay(aggregator);
  }

  /** It is to have it again. */
  forgive(instance: string, fqid: string): void {
    this.owed.get(instance)?.delete(fqid);
  }

  pay({ instance, key }: Aggregator): void {
    const debts = this.owed.get(instance);
    if (debts === undefined) return;
    for (const fqid of [...debts]) {
      if (this.o.isBusy(fqid, instance)) continue;
      debts.delete(fqid);
      this.o.bus
        .call(
          key,
          'disable_aggregation',
          { fqid, deleted: !this.o.isWanted(fqid) },
          LIMITS.enableAggregationMs,
        )
        .catch((error: unknown) => {
          this.o.log.warn({ fqid, aggregator: instance, reason: messageOf(error) }, 'not disabled yet');
          debts.add(fqid);
          this.owed.set(instance, debts);
        });
    }
    if (debts.size === 0) this.owed.delete(instance);
  }
}
