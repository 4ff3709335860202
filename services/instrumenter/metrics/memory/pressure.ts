/* memory.pressure: time stalled for lack of memory. Observed by /proc and cgroups (Linux: pressure stall information). */
import type { MetricDescription } from '../language/description';

export const pressure: MetricDescription = {
  module: 'memory',
  stat: 'pressure',
  label: 'time stalled for lack of memory',
  question: 'For how long did work stand still because memory was short?',
  type: 'time',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'stalled'],
};
