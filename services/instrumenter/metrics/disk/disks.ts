/* disk.disks: disks. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const disks: MetricDescription = {
  module: 'disk',
  stat: 'disks',
  label: 'disks',
  question: 'Is one disk busier than the others?',
  unit: 'disks',
  interval: 'point',
  fields: [
    'hostname',
    'disk',
    'iops',
    'iops_read',
    'iops_write',
    'bytes',
    'bytes_read',
    'bytes_write',
    'busytime',
  ],
};
