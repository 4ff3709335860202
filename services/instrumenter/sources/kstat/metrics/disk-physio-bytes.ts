/* disk.physio_bytes from kstat: bytes that each disk read and wrote. */
import { DISK_BYTES } from '../../../metrics/measures';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../disks';
import type { KstatMetric } from '../metric';

export const diskPhysioBytes: KstatMetric = {
  metric: 'disk.physio_bytes',
  fields: ['disk', 'optype'],
  select: DISK_CLASS,
  filter: isDisk,
  names: diskOf,
  counters: diskCounters,
  measure: DISK_BYTES,
};
