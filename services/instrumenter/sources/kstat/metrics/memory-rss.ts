/* memory.rss from kstat: bytes that each zone has in memory. */
import { GAUGE, type KstatMetric } from '../metric';
import { ZONE_MEMORY, zoneOf } from '../zones';

export const memoryRss: KstatMetric = {
  metric: 'memory.rss',
  fields: ['zonename'],
  select: ZONE_MEMORY,
  names: zoneOf,
  gauges: (data) => ({ n: data('rss') }),
  measure: GAUGE,
};
