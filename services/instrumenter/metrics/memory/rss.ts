/* memory.rss: resident set size. Observed by /proc and cgroups (Linux), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const rss: MetricDescription = {
  module: 'memory',
  stat: 'rss',
  label: 'resident set size',
  question: 'Which container or service holds how much memory?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
};
