/* disk.physio_ops from kstat: reads and writes that each disk has done. */
import { DISK_OPS } from '../../../metrics/measures';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../disks';
import type { KstatMetric } from '../metric';

export const diskPhysioOps: KstatMetric = {
  metric: 'disk.physio_ops',
  fields: ['disk', 'optype'],
  select: DISK_CLASS,
  filter: isDisk,
  names: diskOf,
  counters: diskCounters,
  measure: DISK_OPS,
};
