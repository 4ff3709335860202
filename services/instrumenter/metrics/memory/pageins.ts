/* memory.pageins: pages paged in. Observed by /proc and cgroups (Linux: major faults), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const pageins: MetricDescription = {
  module: 'memory',
  stat: 'pageins',
  label: 'pages paged in',
  question: 'Who waits for pages to come from a disk?',
  unit: 'pages',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
};
