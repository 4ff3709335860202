/* fs.capacity: space of file systems. Observed by /proc (Linux: mounts, and what each file system says of itself). */
import type { MetricDescription } from '../language/description';

export const capacity: MetricDescription = {
  module: 'fs',
  stat: 'capacity',
  label: 'space of file systems',
  question: 'Which file system is about to be full?',
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'mountpoint', 'fstype', 'space'],
};
