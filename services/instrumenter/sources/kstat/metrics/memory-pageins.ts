/* memory.pageins from kstat: pages read back for each zone. */
import { COUNTER, type KstatMetric } from '../metric';
import { ZONE_MEMORY, zoneOf } from '../zones';

export const memoryPageins: KstatMetric = {
  metric: 'memory.pageins',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  counters: (data) => ({ n: data('pgpgin') }),
  measure: COUNTER,
};
