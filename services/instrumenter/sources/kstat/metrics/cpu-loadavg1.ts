/* cpu.loadavg1 from kstat: fixed-point, 256 is one thread ready to run. */
import { GAUGE, type KstatMetric } from '../metric';
import { ZONE_MISC, zoneOf } from '../zones';

export const cpuLoadavg1: KstatMetric = {
  metric: 'cpu.loadavg1',
  fields: ['zonename'],
  select: ZONE_MISC,
  names: zoneOf,
  gauges: (data) => ({ n: data('avenrun_1min') / 256 }),
  measure: GAUGE,
};
