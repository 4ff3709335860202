/* memory.swap_limit from kstat: what each zone may reserve; zones without a limit are left out. */
import { GAUGE, type KstatMetric } from '../metric';
import { ZONE_MEMORY, limitOrNothing, zoneOf } from '../zones';

export const memorySwapLimit: KstatMetric = {
  metric: 'memory.swap_limit',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  gauges: (data) => ({ n: limitOrNothing(data('swapcap')) }),
  measure: GAUGE,
};
