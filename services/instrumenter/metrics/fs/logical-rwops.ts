/* fs.logical_rwops: each read and write of a file by a program, as the program sees it. */
import { ILLUMOS_PROCESS, SINCE_START } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { fileSystem, isRealFileSystem } from '../illumos-vnode';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import { error, eachCallOf } from '../syscall/call';
import { fstype, isOfFileSystem, moved, offset, optype, READS_AND_WRITES } from './read-write';
import { DISK_OPS } from '../measures';
import { ZONE_VFS, zoneOf } from '../../sources/kstat/zones';

export const logicalRwops: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwops',
  label: 'logical read/write operations',
  question: 'Are reads and writes slow, how large are they, and where in the file?',
  synonyms: [
    'read',
    'write',
    'pread',
    'pwrite',
    'file io',
    'vfs',
    'file latency',
    'slow file',
    'iowait',
    'throughput',
    'iops',
  ],
  misses: ['io_uring, Linux AIO, splice', 'stores to mapped files'],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'size', 'offset', 'latency', 'errno', 'subsecond'],
  bpf: {
    probes: eachCallOf(READS_AND_WRITES, {
      when: isOfFileSystem,
      fields: { ...RUNNING, fstype, optype, size: moved, offset, errno: named(error, ERRNO_NAMES) },
    }),
  },
  dtrace: {
    illumos: [
      {
        probes: ['fbt::fop_read:entry', 'fbt::fop_write:entry'],
        when: '!{kept}',
        keep: {
          by: 'thread',
          values: {
            start: 'timestamp',
            depth: 'stackdepth',
            vnode: '(vnode_t *)arg0',
            size: '((uio_t *)arg1)->uio_resid',
            offset: '((uio_t *)arg1)->_uio_offset._f',
          },
        },
      },
      {
        probes: ['fbt::fop_read:return', 'fbt::fop_write:return'],
        when: isRealFileSystem,
        count: {
          by: 'thread',
          ends: '{depth} == stackdepth',
          fields: {
            ...ILLUMOS_PROCESS,
            fstype: fileSystem,
            optype: 'substr(probefunc, 4)',
            size: '{size}',
            offset: '{offset}',
            latency: SINCE_START,
          },
        },
      },
    ],
  },
  // Logical reads and writes of each zone, cached or not.
  kstat: {
    fields: ['zonename', 'optype'],
    select: ZONE_VFS,
    names: zoneOf,
    counters: (data) => ({ reads: data('reads'), writes: data('writes') }),
    measure: DISK_OPS,
  },
};
