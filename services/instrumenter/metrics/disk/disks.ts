/* disk.disks: disks. */
import type { MetricDescription } from '../language/description';
import { DISKS } from '../measures';
import { DISKSTATS, diskRows } from '../../sources/proc/disks';
import { needsFile } from '../../sources/proc/metric';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../../sources/kstat/disks';

export const disks: MetricDescription = {
  module: 'disk',
  stat: 'disks',
  label: 'disks',
  question: 'Is one disk busier than the others?',
  synonyms: ['iostat', 'iops', 'utilization', 'busy', 'throughput', 'ssd', 'nvme', 'hdd'],
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
  // One point per disk, by what it did per second.
  proc: {
    fields: ['disk', 'iops', 'iops_read', 'iops_write', 'bytes', 'bytes_read', 'bytes_write', 'busytime'],
    missing: needsFile(DISKSTATS),
    rows: diskRows,
    measure: DISKS,
  },
  // One point per disk, by what it did per second.
  kstat: {
    fields: ['disk', 'iops', 'iops_read', 'iops_write', 'bytes', 'bytes_read', 'bytes_write', 'busytime'],
    select: DISK_CLASS,
    filter: isDisk,
    names: diskOf,
    counters: diskCounters,
    measure: DISKS,
  },
};
