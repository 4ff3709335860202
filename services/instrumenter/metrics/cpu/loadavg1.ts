/* cpu.loadavg1: 1-minute load average. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const loadavg1: MetricDescription = {
  module: 'cpu',
  stat: 'loadavg1',
  label: '1-minute load average',
  question: 'Is there more to do than there are CPUs?',
  type: 'number',
  interval: 'point',
  fields: ['hostname', 'zonename'],
};
