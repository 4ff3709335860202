/* disk.disks from /proc/diskstats: one point per disk, by what it did per second. */
import { DISKS } from '../../../metrics/measures';
import { DISKSTATS, diskRows } from '../disks';
import { needsFile, type ProcMetric } from '../metric';

export const diskDisks: ProcMetric = {
  metric: 'disk.disks',
  fields: ['disk', 'iops', 'iops_read', 'iops_write', 'bytes', 'bytes_read', 'bytes_write', 'busytime'],
  missing: needsFile(DISKSTATS),
  rows: diskRows,
  measure: DISKS,
};
