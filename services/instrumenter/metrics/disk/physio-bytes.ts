/* disk.physio_bytes: bytes moved by each disk. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const physioBytes: MetricDescription = {
  module: 'disk',
  stat: 'physio_bytes',
  label: 'bytes read and written',
  question: 'How much do the disks move, and in which direction?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'disk', 'optype'],
};
