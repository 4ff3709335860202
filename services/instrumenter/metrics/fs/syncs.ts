/* fs.syncs: each time a program waits until what it wrote is on disk. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import { eachCallOf, callNumber, error } from '../syscall/call';
import { SYSCALL_NAMES } from '../syscall/syscall-names';

const CALLS = ['sync', 'fsync', 'fdatasync', 'syncfs', 'msync', 'sync_file_range'];

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
    'iowait',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'syscall', 'errno', 'latency', 'subsecond'],
  bpf: {
    probes: eachCallOf(CALLS, {
      fields: { ...RUNNING, syscall: named(callNumber, SYSCALL_NAMES), errno: named(error, ERRNO_NAMES) },
    }),
  },
};
