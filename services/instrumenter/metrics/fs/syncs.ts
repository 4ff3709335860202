/* fs.syncs: each time a program waits until what it wrote is on disk. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { any, bits, not, unequal } from '../language/expression';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import { callNumber, eachCallOf, error, isOneOf, thirdArgument } from '../syscall/call';
import { atFunctionsOf } from '../syscall/call-functions';
import { SYSCALL_NAMES } from '../syscall/syscall-names';

const CALLS = ['sync', 'fsync', 'fdatasync', 'syncfs', 'msync', 'sync_file_range'];

const MS_SYNC = 4;
/** With MS_ASYNC it only schedules the write. */
const waits = any(not(isOneOf(callNumber, ['msync'])), unequal(bits(thirdArgument, MS_SYNC), 0));

export const syncs: MetricDescription = {
  module: 'fs',
  stat: 'syncs',
  label: 'synchronizations',
  question: 'Who waits for the disk to confirm, how often and how long?',
  synonyms: [
    'fsync',
    'fdatasync',
    'sync',
    'flush',
    'msync',
    'commit',
    'durability',
    'write-ahead log',
    'wal',
    'journal',
    'slow disk',
    'writeback',
    'dirty pages',
    'iowait',
  ],
  misses: [
    'syncs through io_uring and Linux AIO',
    'syncs that a seccomp filter refuses',
    'writes to files that were opened with O_SYNC or O_DSYNC, each of which waits',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'syscall', 'errno', 'latency', 'subsecond'],
  bpf: {
    probes: eachCallOf(CALLS, {
      when: [waits],
      onlyMade: true,
      fields: { ...RUNNING, syscall: named(callNumber, SYSCALL_NAMES), errno: named(error, ERRNO_NAMES) },
    }),
    rather: atFunctionsOf(CALLS, { thirdHas: { msync: MS_SYNC }, fields: RUNNING }),
  },
};
