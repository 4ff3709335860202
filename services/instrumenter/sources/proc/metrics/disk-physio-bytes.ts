/* disk.physio_bytes from /proc/diskstats: bytes that each disk read and wrote. */
import { DISK_BYTES } from '../../../metrics/measures';
import { DISKSTATS, diskRows } from '../disks';
import { needsFile, type ProcMetric } from '../metric';

export const diskPhysioBytes: ProcMetric = {
  metric: 'disk.physio_bytes',
  fields: ['disk', 'optype'],
  missing: needsFile(DISKSTATS),
  rows: diskRows,
  measure: DISK_BYTES,
};
