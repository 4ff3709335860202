/* cpu.cpus from kstat: one point per CPU, with the share of its time that it was busy. */
import { percent } from '../../../metrics/measures';
import type { KstatMetric } from '../metric';

export const cpuCpus: KstatMetric = {
  metric: 'cpu.cpus',
  fields: ['cpu', 'utilization'],
  select: { module: 'cpu', class: 'misc', name: 'sys' },
  names: ({ instance }) => ({ cpu: String(instance) }),
  counters: (data) => ({ busy: data('cpu_nsec_kernel') + data('cpu_nsec_user') }),
  measure: {
    kind: 'counter',
    points: ({ fields }, { busy = 0, snaptime = 0 }) => [
      { fields: { ...fields, utilization: percent(busy, snaptime) }, value: 1 },
    ],
  },
};
