/* memory.swap from kstat: bytes of swap that each zone has reserved. */
import { GAUGE, type KstatMetric } from '../metric';
import { ZONE_MEMORY, zoneOf } from '../zones';

export const memorySwap: KstatMetric = {
  metric: 'memory.swap',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  gauges: (data) => ({ n: data('swap') }),
  measure: GAUGE,
};
