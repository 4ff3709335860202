/* disk.physio_ops from /proc/diskstats: reads and writes that each disk has done; merged requests count once. */
import { DISK_OPS } from '../../../metrics/measures';
import { DISKSTATS, diskRows } from '../disks';
import { needsFile, type ProcMetric } from '../metric';

export const diskPhysioOps: ProcMetric = {
  metric: 'disk.physio_ops',
  fields: ['disk', 'optype'],
  missing: needsFile(DISKSTATS),
  rows: diskRows,
  measure: DISK_OPS,
};
