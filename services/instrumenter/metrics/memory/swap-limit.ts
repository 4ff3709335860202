/* memory.swap_limit: maximum virtual memory reserved. Observed by /proc and cgroups (Linux), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const swapLimit: MetricDescription = {
  module: 'memory',
  stat: 'swap_limit',
  label: 'maximum virtual memory reserved',
  question: 'How much swap may each container or service take?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
};
