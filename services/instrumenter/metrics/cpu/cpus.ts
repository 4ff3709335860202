/* cpu.cpus: one count per CPU, by how busy it was. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const cpus: MetricDescription = {
  module: 'cpu',
  stat: 'cpus',
  label: 'CPUs',
  question: 'Is the load spread over the CPUs, or does one of them do all the work?',
  unit: 'CPUs',
  interval: 'point',
  fields: ['hostname', 'cpu', 'utilization'],
};
