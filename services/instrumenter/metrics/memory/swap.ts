/* memory.swap: virtual memory reserved. Observed by /proc and cgroups (Linux: swap in use), kstat (illumos: swap reserved). */
import type { MetricDescription } from '../language/description';

export const swap: MetricDescription = {
  module: 'memory',
  stat: 'swap',
  label: 'virtual memory reserved',
  question: 'Which container or service has been put out to swap?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
};
