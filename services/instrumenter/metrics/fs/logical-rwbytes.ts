/* fs.logical_rwbytes: logical bytes read/written. */
import type { MetricDescription } from '../language/description';
import { DISK_BYTES } from '../measures';
import { ZONE_VFS, zoneOf } from '../../sources/kstat/zones';

export const logicalRwbytes: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwbytes',
  label: 'logical bytes read/written',
  question: 'Which zone reads and writes how much, cached or not?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'optype'],
  // Logical reads and writes of each zone, cached or not, in bytes.
  kstat: {
    fields: ['zonename', 'optype'],
    select: ZONE_VFS,
    names: zoneOf,
    counters: (data) => ({ bytesRead: data('nread'), bytesWritten: data('nwritten') }),
    measure: DISK_BYTES,
  },
};
