/* cpu.waittime from kstat: nanoseconds that threads waited for a CPU. */
import { COUNTER, type KstatMetric } from '../metric';
import { ZONE_MISC, zoneOf } from '../zones';

export const cpuWaittime: KstatMetric = {
  metric: 'cpu.waittime',
  fields: ['zonename'],
  select: ZONE_MISC,
  names: zoneOf,
  counters: (data) => ({ n: data('nsec_waitrq') }),
  measure: COUNTER,
};
