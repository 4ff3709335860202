/* Which slots are final. In: an instrumentation. Out: the newest slot for which no report is awaited. */
import { LIMITS } from '../../../common/service/limits';
import { isComplete } from '../aggregator';
import type { Owned } from '../owned';

/** Earlier slots are settled, too; -1: none is yet. Reports that miss the longest wait are not awaited. */
export function newestSettled(owned: Owned, nowMs: number): number {
  const { dataset } = owned;
  const { granularity } = dataset;
  const last = dataset.slotOf(nowMs / 1000) - granularity;
  const tried = Math.ceil(LIMITS.valueWaitMsMax / 1000 / granularity) + 1;
  for (let slot = last, i = 0; i < tried && slot >= 0; slot -= granularity, i++) {
    if (isComplete(owned, slot, nowMs)) return slot;
  }
  return Math.max(-1, last - tried * granularity);
}
