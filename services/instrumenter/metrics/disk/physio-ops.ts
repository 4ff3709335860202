/* disk.physio_ops: each request that a disk completes, by disk and kind, how long it took, how large and where. */
import { BLOCK_STATUS_NAMES, ERRNO_NAMES } from '../errnos';
import { SINCE_START, span, type D } from '../language/clause';
import type { MetricDescription } from '../language/description';
import {
  argument,
  bits,
  choose,
  either,
  equal,
  hostname,
  kept,
  member,
  minus,
  now,
  shiftLeft,
  string,
} from '../language/expression';
import { ILLUMOS_ERRNO_NAMES } from '../illumos-errnos';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { sinceStart } from '../process';
import { DISK_OPS } from '../measures';
import { DISKSTATS, diskRows } from '../../sources/proc/disks';
import { needsFile } from '../../sources/proc/metric';
import { DISK_CLASS, diskCounters, diskOf, isDisk } from '../../sources/kstat/disks';

/** 5.11 dropped the queue that used to stand before it. */
const request = argument('request');
const DISK_NAME_BYTES = 32;
/** The kernel counts in sectors of 512 bytes whatever the disk's own are. */
const SECTOR_SHIFT = 9;

/** REQ_OP_* of include/linux/blk_types.h: the lowest 8 bits of the flags. */
const OPERATIONS = tableOfNames([
  ['read', 0],
  ['write', 1],
  ['flush', 2],
  ['discard', 3],
  ['secure erase', 5],
  ['zone append', 7],
  ['write zeroes', 9],
  ['zone open', 10],
  ['zone close', 11],
  ['zone finish', 12],
  ['zone reset', 13],
  ['driver in', 34],
  ['driver out', 35],
]);

/** The same in D: the raw argument of Linux's block_rq_issue and block_rq_complete. */
const REQUEST: D = '((struct request *)arg0)';

export const physioOps: MetricDescription = {
  module: 'disk',
  stat: 'physio_ops',
  label: 'I/O operations',
  question: 'Is the disk slow, for which kind of request, and are the requests large or scattered?',
  unit: 'operations',
  interval: 'interval',
  fields: ['hostname', 'disk', 'optype', 'latency', 'queuetime', 'size', 'offset', 'errno'],
  bpf: {
    probes: [
      {
        at: tracepoint('block_rq_issue'),
        steps: [
          {
            kind: 'keep',
            by: request,
            values: {
              start: now,
              // Made, then merged, sorted and held back until now. Zero where the disk's statistics are turned off.
              queued: choose(
                equal(member(request, 'start_time_ns'), 0),
                0,
                minus(now, member(request, 'start_time_ns')),
              ),
              // Both have moved on when the request completes.
              size: member(request, '__data_len'),
              offset: shiftLeft(member(request, '__sector'), SECTOR_SHIFT),
            },
          },
        ],
      },
      {
        at: tracepoint('block_rq_complete'),
        steps: [
          {
            kind: 'count',
            by: request,
            fields: {
              hostname,
              // 5.15 gave the queue its disk; the request's own pointer went away in 5.17.
              disk: string(
                either(member(request, 'q.disk.disk_name'), member(request, 'rq_disk.disk_name')),
                DISK_NAME_BYTES,
              ),
              optype: named(bits(member(request, 'cmd_flags'), 0xff), OPERATIONS),
              latency: sinceStart,
              queuetime: kept('queued'),
              size: kept('size'),
              offset: kept('offset'),
              // 5.16 hands over a block status in place of a negative errno.
              errno: [
                named(bits(argument('blk_status_t'), 0xff), BLOCK_STATUS_NAMES),
                named(bits(minus(0, argument(1)), 0xfff), ERRNO_NAMES),
              ],
            },
          },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      { probes: ['io:::start'], keep: { by: ['arg0'], values: { start: 'timestamp' } } },
      {
        probes: ['io:::done'],
        // Requests to NFS servers pass these probes as well.
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
    measure: DISK_OPS,
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
