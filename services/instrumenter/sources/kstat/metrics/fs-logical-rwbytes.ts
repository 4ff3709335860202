/* fs.logical_rwbytes from kstat: logical reads and writes of each zone, cached or not, in bytes. */
import { DISK_BYTES } from '../../../metrics/measures';
import type { KstatMetric } from '../metric';
import { ZONE_VFS, zoneOf } from '../zones';

export const fsLogicalRwbytes: KstatMetric = {
  metric: 'fs.logical_rwbytes',
  fields: ['zonename', 'optype'],
  select: ZONE_VFS,
  names: zoneOf,
  counters: (data) => ({ bytesRead: data('nread'), bytesWritten: data('nwritten') }),
  measure: DISK_BYTES,
};
