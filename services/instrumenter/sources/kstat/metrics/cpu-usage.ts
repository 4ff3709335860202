/* cpu.usage from kstat: percent of one CPU, by zone, in user mode and in the kernel. */
import type { KstatMetric } from '../metric';
import { ZONE_MISC, zoneOf } from '../zones';

export const cpuUsage: KstatMetric = {
  metric: 'cpu.usage',
  fields: ['zonename', 'cpumode'],
  select: ZONE_MISC,
  names: zoneOf,
  counters: (data) => ({ user: data('nsec_user'), kernel: data('nsec_sys') }),
  measure: {
    kind: 'counter',
    points: ({ fields }, { snaptime = 0, ...increase }) =>
      ['user', 'kernel'].map((cpumode) => ({
        fields: { ...fields, cpumode },
        value: snaptime === 0 ? 0 : Math.floor((100 * (increase[cpumode] ?? 0)) / snaptime),
      })),
  },
};
