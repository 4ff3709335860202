/* fs.logical_ops: each operation of a program on a file system, as the program sees it. */
import { ILLUMOS_PROCESS, SINCE_START } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { all, any, bits, cast, choose, not, unequal } from '../language/expression';
import { fileSystem, isRealFileSystem, OPERATIONS } from '../illumos-vnode';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import {
  callNumber,
  eachCallOf,
  error,
  firstArgument,
  fourthArgument,
  isOneOf,
  kindsOf,
  result,
  thirdArgument,
} from '../syscall/call';
import { fileOf, fileSystemOf, isInFileSystem } from './open-file';

/** Calls that take or return a descriptor: the kernel's structures do not say which file a path alone meant. */
const CALLS = {
  open: ['open', 'openat', 'openat2', 'creat'],
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  readdir: ['getdents', 'getdents64'],
  getattr: ['fstat', 'fstat64', 'newfstatat', 'fstatat64', 'statx'],
  setattr: ['fchmod', 'fchown', 'fchown32'],
  seek: ['lseek', '_llseek'],
  fsync: ['fsync', 'fdatasync', 'sync_file_range'],
  space: ['ftruncate', 'ftruncate64', 'fallocate'],
  frlock: ['flock'],
};

const opens = isOneOf(callNumber, CALLS.open);
/** Then there is no file, and so no file system. */
const failsToOpen = all(opens, unequal(error, 0));
const opened = fileOf(choose(opens, result, firstArgument));
const file = cast(choose(failsToOpen, 0, opened.file), 'file');

const AT_EMPTY_PATH = 0x1000;
/** By a path; or, with an empty path, of the descriptor, as libraries do since glibc 2.33. */
const BY_PATH = ['newfstatat', 'fstatat64', 'statx'];
const flags = choose(isOneOf(callNumber, ['statx']), thirdArgument, fourthArgument);
const isOfDescriptor = any(not(isOneOf(callNumber, BY_PATH)), unequal(bits(flags, AT_EMPTY_PATH), 0));

export const logicalOps: MetricDescription = {
  module: 'fs',
  stat: 'logical_ops',
  label: 'logical filesystem operations',
  question: 'How long do programs wait for the file system, and in which operation?',
  synonyms: [
    'vfs',
    'file system latency',
    'slow file',
    'open',
    'read',
    'write',
    'stat',
    'nfs',
    'ext4',
    'xfs',
    'iowait',
    'container',
  ],
  misses: [
    'io_uring, Linux AIO, sendfile, copy_file_range, splice',
    'stores to mapped files',
    'operations on a path, such as stat, mkdir and rename: fs.path_ops has some of them',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'latency', 'errno', 'subsecond'],
  bpf: {
    probes: eachCallOf(Object.values(CALLS).flat(), {
      when: [any(failsToOpen, all(opened.isOpen, isInFileSystem(opened.file), isOfDescriptor))],
      fields: {
        ...RUNNING,
        fstype: fileSystemOf(file),
        optype: named(callNumber, kindsOf(CALLS)),
        errno: named(error, ERRNO_NAMES),
      },
    }),
  },
  dtrace: {
    illumos: [
      {
        probes: OPERATIONS.map((name) => `fbt::fop_${name}:entry`),
        // One operation may call others, of the same file system or of the one below.
        when: '!{kept}',
        keep: {
          by: 'thread',
          values: {
            start: 'timestamp',
            depth: 'stackdepth',
            // Opening may replace the vnode, so its argument is a pointer to the vnode's pointer.
            vnode: 'probefunc == "fop_open" ? *(vnode_t **)arg0 : (vnode_t *)arg0',
          },
        },
      },
      {
        probes: OPERATIONS.map((name) => `fbt::fop_${name}:return`),
        when: isRealFileSystem,
        count: {
          by: 'thread',
          ends: '{depth} == stackdepth',
          fields: {
            ...ILLUMOS_PROCESS,
            fstype: fileSystem,
            optype: 'substr(probefunc, 4)',
            latency: SINCE_START,
          },
        },
      },
    ],
  },
};
