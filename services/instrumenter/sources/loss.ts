/* Why events that are known to have happened are in no value: the reasons, and their texts. */
import { LIMITS } from '../../../common/service/limits';
import { KERNEL_IN_FLIGHT, KERNEL_MAP_ENTRIES } from './limits';

export const LOSS_REASONS = {
  keys: `there were more different keys and values at once than the ${KERNEL_MAP_ENTRIES} that the kernel's map holds (filter, or split by a field with fewer values)`,
  inFlight: `more than ${KERNEL_IN_FLIGHT} calls were under way at once (how they would have ended is not known)`,
  missed:
    'they happened where the program that counts them was running already (what the filter would have said of them is not known)',
  zone: 'their container was gone before its name was known',
  source: 'the source says that it dropped them',
  uneven: 'this node stood still, or its clock was set, and they belong to no second',
  unsent: `the broker was away for longer than reports wait (${LIMITS.outboxSeconds} s)`,
} as const;

export type LossReason = keyof typeof LOSS_REASONS;

/** Events by reason. */
export type Losses = Readonly<Partial<Record<LossReason, number>>>;
