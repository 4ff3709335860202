/* fs.logical_rwops: each read and write of a file by a program, as the program sees it. */
import { ILLUMOS_PROCESS, SINCE_START } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { all, choose, equal, member, minus, unequal } from '../language/expression';
import { fileSystem, isRealFileSystem } from '../illumos-vnode';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import {
  eachCallOf,
  error,
  firstArgument,
  fourthArgument,
  isOneOf,
  kindsOf,
  numberAtExit,
  result,
} from '../syscall/call';
import { fileOf, fileSystemOf, isInFileSystem } from './open-file';
import { DISK_OPS } from '../measures';
import { ZONE_VFS, zoneOf } from '../../sources/kstat/zones';

const AT_A_PLACE = ['pread64', 'pwrite64', 'preadv', 'pwritev', 'preadv2', 'pwritev2'];
const CALLS = {
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
};

const { file, isOpen } = fileOf(firstArgument);
const done = choose(equal(error, 0), result, 0);
/** Given as a place of -1, the two newest calls go on where the last one ended, as read and write do. */
const ON = -1;

export const logicalRwops: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwops',
  label: 'logical read/write operations',
  question: 'Are reads and writes slow, how large are they, and where in the file?',
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'size', 'offset', 'latency', 'errno', 'subsecond'],
  bpf: {
    probes: eachCallOf(Object.values(CALLS).flat(), {
      when: [isOpen, isInFileSystem(file)],
      fields: {
        ...RUNNING,
        fstype: fileSystemOf(file),
        optype: named(numberAtExit, kindsOf(CALLS)),
        size: done,
        // The file's own place has moved on by what was done.
        offset: choose(
          all(isOneOf(numberAtExit, AT_A_PLACE), unequal(fourthArgument, ON)),
          fourthArgument,
          minus(member(file, 'f_pos'), done),
        ),
        errno: named(error, ERRNO_NAMES),
      },
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
