/* disk.physio_ops: each request that a disk completes, by disk, kind and who made it, how long it took, how large and where. */
import { BLOCK_STATUS_NAMES } from '../errnos';
import { ILLUMOS_ERRNO_NAMES } from '../illumos-errnos';
import { SINCE_START, span, type D } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { LAYERS, OPERATIONS, REQUESTS, requests } from './request';
import { DISK_OPS, DISK_REQUESTS } from '../measures';
import { DISKSTATS, diskRows } from '../../sources/proc/disks';
import { needsFile } from '../../sources/proc/metric';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../../sources/kstat/disks';

/** The request, in D: the raw argument of Linux's block_rq_issue and block_rq_complete. */
const REQUEST: D = '((struct request *)arg0)';

export const physioOps: MetricDescription = {
  module: 'disk',
  stat: 'physio_ops',
  label: 'I/O operations',
  question: 'Is the disk slow, for which kind of request, and are the requests large or scattered?',
  synonyms: [
    'iops',
    'disk latency',
    'iowait',
    'io wait',
    'biolatency',
    'biosnoop',
    'iostat',
    'iotop',
    'slow disk',
    'ssd',
    'nvme',
    'hdd',
    'block',
    'queue',
    'container',
    'process',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [
    'hostname',
    'zonename',
    'pid',
    'execname',
    'disk',
    'optype',
    'latency',
    'queuetime',
    'size',
    'offset',
    'errno',
  ],
  misses: [...LAYERS, 'where only /proc can be read, a flush that comes with data counts as part of a write'],
  bpf: { probes: requests(REQUESTS) },
  dtrace: {
    illumos: [
      { probes: ['io:::start'], keep: { by: ['arg0'], values: { start: 'timestamp' } } },
      {
        probes: ['io:::done'],
        // Requests to NFS servers fire these probes as well.
        when: 'args[1]->dev_name != "nfs"',
        count: {
          by: ['arg0'],
          fields: {
            disk: 'args[1]->dev_statname',
            optype: 'args[0]->b_flags & B_READ ? "read" : "write"',
            latency: SINCE_START,
            size: 'args[0]->b_bcount',
            offset: 'args[0]->b_blkno * 512',
            errno: {
              integer: 'args[0]->b_flags & B_ERROR ? args[0]->b_error : 0',
              names: ILLUMOS_ERRNO_NAMES,
            },
          },
        },
      },
    ],
    // io:::start there is the start of a bio, of which a request may hold many.
    linux: span({
      from: ['rawtp:::block_rq_issue'],
      to: ['rawtp:::block_rq_complete'],
      by: ['arg0'],
      keep: {
        start: 'timestamp',
        size: `${REQUEST}->__data_len`,
        offset: `${REQUEST}->__sector * 512`,
      },
      fields: {
        disk: `stringof(${REQUEST}->q->disk->disk_name)`,
        optype: { integer: `${REQUEST}->cmd_flags & 0xff`, names: OPERATIONS },
        latency: SINCE_START,
        size: '{size}',
        offset: '{offset}',
        errno: { integer: 'arg1 & 0xff', names: BLOCK_STATUS_NAMES },
      },
    }),
  },
  // Reads and writes that each disk has done; merged requests count once.
  proc: {
    fields: ['disk', 'optype'],
    missing: needsFile(DISKSTATS),
    rows: diskRows,
    measure: DISK_REQUESTS,
  },
  // Reads and writes that each disk has done.
  kstat: {
    fields: ['disk', 'optype'],
    select: DISK_CLASS,
    filter: isDisk,
    names: diskOf,
    counters: diskCounters,
    measure: DISK_OPS,
  },
};
