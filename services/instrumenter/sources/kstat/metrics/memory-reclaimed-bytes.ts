/* memory.reclaimed_bytes from kstat: bytes paged out because a zone had more than its limit. */
import { COUNTER, type KstatMetric } from '../metric';
import { ZONE_MEMORY, zoneOf } from '../zones';

export const memoryReclaimedBytes: KstatMetric = {
  metric: 'memory.reclaimed_bytes',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  counters: (data) => ({ n: data('pagedout') }),
  measure: COUNTER,
};
