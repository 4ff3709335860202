/* fs.logical_rwops from kstat: logical reads and writes of each zone, cached or not. */
import { DISK_OPS } from '../../../metrics/measures';
import type { KstatMetric } from '../metric';
import { ZONE_VFS, zoneOf } from '../zones';

export const fsLogicalRwops: KstatMetric = {
  metric: 'fs.logical_rwops',
  fields: ['zonename', 'optype'],
  select: ZONE_VFS,
  names: zoneOf,
  counters: (data) => ({ reads: data('reads'), writes: data('writes') }),
  measure: DISK_OPS,
};
