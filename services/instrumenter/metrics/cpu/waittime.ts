/* cpu.waittime: aggregated wait time. Observed by /proc (Linux: the scheduler's run delay, else pressure stall information) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const waittime: MetricDescription = {
  module: 'cpu',
  stat: 'waittime',
  label: 'aggregated wait time',
  question: 'How long were threads ready to run and had no CPU?',
  type: 'time',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
};
