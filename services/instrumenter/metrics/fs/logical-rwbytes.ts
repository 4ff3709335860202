/* fs.logical_rwbytes: logical bytes read/written. Observed by kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const logicalRwbytes: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwbytes',
  label: 'logical bytes read/written',
  question: 'Which zone reads and writes how much, cached or not?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'optype'],
};
