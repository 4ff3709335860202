/* memory.rss_limit: maximum resident set size. Observed by /proc and cgroups (Linux), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const rssLimit: MetricDescription = {
  module: 'memory',
  stat: 'rss_limit',
  label: 'maximum resident set size',
  question: 'How much memory may each container or service hold?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
};
