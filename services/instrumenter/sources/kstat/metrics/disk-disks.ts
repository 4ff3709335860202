/* disk.disks from kstat: one point per disk, by what it did per second. */
import { DISKS } from '../../../metrics/measures';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../disks';
import type { KstatMetric } from '../metric';

export const diskDisks: KstatMetric = {
  metric: 'disk.disks',
  fields: ['disk', 'iops', 'iops_read', 'iops_write', 'bytes', 'bytes_read', 'bytes_write', 'busytime'],
  select: DISK_CLASS,
  filter: isDisk,
  names: diskOf,
  counters: diskCounters,
  measure: DISKS,
};
