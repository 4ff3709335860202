/* fs.logical_rwops: each read and write of a file by a program, as the program sees it. */
import { ILLUMOS_PROCESS, SINCE_START } from '../clause';
import type { MetricDescription } from '../description';
import { ERRNO_NAMES } from '../errnos';
import { all, argument, choose, equal, member, minus, now, unequal } from '../expression';
import { fileSystem, isRealFileSystem } from '../illumos_vnode';
import { named, tracepoint } from '../observation';
import { RUNNING, sinceStart } from '../process';
import {
  error,
  fileOf,
  fileSystemOf,
  firstArgument,
  fourthArgument,
  isInFileSystem,
  isOneOf,
  kindsOf,
  numberAtExit,
  result,
} from './calls';

const AT_A_PLACE = ['pread64', 'pwrite64', 'preadv', 'pwritev', 'preadv2', 'pwritev2'];
const CALLS = {
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
};
const ALL_CALLS = Object.values(CALLS).flat();

const { file, isOpen } = fileOf(firstArgument);
const done = choose(equal(error, 0), result, 0);
/** Given as a place of -1, the two newest calls go on where the last one ended, as read and write do. */
const ON = -1;

export const logicalRwops: MetricDescription = {
  module: 'fs',
  stat: 'logical_rwops',
  label: 'logical read/write operations',
  why: 'Are reads and writes slow, how large are they, and where in the file?',
  unit: 'operations',
  interval: 'interval',
  fields: [
    'hostname',
    'zonename',
    'pid',
    'execname',
    'psargs',
    'ppid',
    'pexecname',
    'ppsargs',
    'fstype',
    'optype',
    'size',
    'offset',
    'latency',
    'errno',
    'subsecond',
  ],
  bpf: {
    probes: [
      {
        at: tracepoint('sys_enter'),
        steps: [
          { kind: 'keep', by: 'thread', when: isOneOf(argument(1), ALL_CALLS), values: { start: now } },
        ],
      },
      {
        at: tracepoint('sys_exit'),
        steps: [
          {
            kind: 'count',
            by: 'thread',
            when: all(isOneOf(numberAtExit, ALL_CALLS), isOpen, isInFileSystem(file)),
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
              latency: sinceStart,
            },
          },
        ],
      },
    ],
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
};
