/* disk.physio_bytes: bytes moved by each disk, and for whom. */
import type { MetricDescription } from '../language/description';
import { DISK_BYTES } from '../measures';
import { DISKSTATS, diskRows } from '../../sources/proc/disks';
import { needsFile } from '../../sources/proc/metric';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../../sources/kstat/disks';
import { movesBytes, LAYERS, REQUESTERS, requests, requestSize } from './request';

export const physioBytes: MetricDescription = {
  module: 'disk',
  stat: 'physio_bytes',
  label: 'bytes read and written',
  question: 'How much do the disks move, in which direction, and for which program or container?',
  synonyms: [
    'throughput',
    'bandwidth',
    'disk io',
    'iostat',
    'iotop',
    'mb/s',
    'read',
    'write',
    'container',
    'process',
  ],
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'pid', 'execname', 'disk', 'optype'],
  misses: LAYERS,
  bpf: { probes: requests(REQUESTERS, { amount: requestSize, counts: movesBytes }) },
  // Bytes that each disk read and wrote.
  proc: {
    fields: ['disk', 'optype'],
    missing: needsFile(DISKSTATS),
    rows: diskRows,
    measure: DISK_BYTES,
  },
  // Bytes that each disk read and wrote.
  kstat: {
    fields: ['disk', 'optype'],
    select: DISK_CLASS,
    filter: isDisk,
    names: diskOf,
    counters: diskCounters,
    measure: DISK_BYTES,
  },
};
