/* fs.logical_ops: each operation of a program on a file system, as the program sees it. */
import { ILLUMOS_PROCESS, SINCE_START } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { choose } from '../language/expression';
import { fileSystem, isRealFileSystem, OPERATIONS } from '../illumos-vnode';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import { eachCallOf, error, firstArgument, isOneOf, kindsOf, callNumber, result } from '../syscall/call';
import { fileOf, fileSystemOf, isInFileSystem } from './open-file';

/** Calls that hand over or return a descriptor: by a path alone the kernel's structures do not say which file it was. */
const CALLS = {
  open: ['open', 'openat', 'openat2', 'creat'],
  read: ['read', 'readv', 'pread64', 'preadv', 'preadv2'],
  write: ['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  readdir: ['getdents', 'getdents64'],
  getattr: ['fstat'],
  setattr: ['fchmod', 'fchown'],
  seek: ['lseek'],
  fsync: ['fsync', 'fdatasync', 'sync_file_range'],
  space: ['ftruncate', 'fallocate'],
  frlock: ['flock'],
};

/** A call that fails to open has no file, and is not counted. */
const { file, isOpen } = fileOf(choose(isOneOf(callNumber, CALLS.open), result, firstArgument));

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
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'fstype', 'optype', 'latency', 'errno', 'subsecond'],
  bpf: {
    probes: eachCallOf(Object.values(CALLS).flat(), {
      when: [isOpen, isInFileSystem(file)],
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
            // Opening may replace the vnode, so it hands over where it is.
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
