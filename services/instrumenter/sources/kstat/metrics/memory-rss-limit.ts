/* memory.rss_limit from kstat: what each zone may have in memory; zones without a limit are left out. */
import { GAUGE, type KstatMetric } from '../metric';
import { ZONE_MEMORY, limitOrNothing, zoneOf } from '../zones';

export const memoryRssLimit: KstatMetric = {
  metric: 'memory.rss_limit',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  gauges: (data) => ({ n: limitOrNothing(data('physcap')) }),
  measure: GAUGE,
};
