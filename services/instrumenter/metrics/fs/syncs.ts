/* fs.syncs: each time a program waits until what it wrote is on disk. */
import type { MetricDescription } from '../description';
import { ERRNO_NAMES } from '../errnos';
import { argument, now } from '../expression';
import { named, tracepoint } from '../observation';
import { RUNNING, sinceStart } from '../process';
import { SYSCALL_NAMES } from '../syscall_names';
import { error, isOneOf, numberAtExit } from './calls';

const CALLS = ['sync', 'fsync', 'fdatasync', 'syncfs', 'msync', 'sync_file_range'];

export const syncs: MetricDescription = {
  module: 'fs',
  stat: 'syncs',
  label: 'synchronizations',
  why: 'Who waits for the disk to confirm, how often and how long?',
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
    'syscall',
    'errno',
    'latency',
    'subsecond',
    'ppsargs',
  ],
  bpf: {
    probes: [
      {
        at: tracepoint('sys_enter'),
        steps: [{ kind: 'keep', by: 'thread', when: isOneOf(argument(1), CALLS), values: { start: now } }],
      },
      {
        at: tracepoint('sys_exit'),
        steps: [
          {
            kind: 'count',
            by: 'thread',
            when: isOneOf(numberAtExit, CALLS),
            fields: {
              ...RUNNING,
              syscall: named(numberAtExit, SYSCALL_NAMES),
              errno: named(error, ERRNO_NAMES),
              latency: sinceStart,
            },
          },
        ],
      },
    ],
  },
};
