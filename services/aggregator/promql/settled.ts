/* Which slots can be answered for good. In: an instrumentation of ours. Out: the newest slot that nobody is waited for in. */
import { LIMITS } from '../../../common/service/limits';
import { isComplete } from '../aggregator';
import type { Owned } from '../owned';

/** Slots before this one are settled, too; -1: none is yet. Whoever has not reported within the longest wait does not come. */
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
