/* syscall.syscalls: every system call that returns, by who made it, what it was and how long it took. */
import {
  DURATIONS,
  ILLUMOS_PROCESS,
  LINUX_PROCESS,
  SINCE_START,
  span,
  STARTS,
  SUBSECOND,
} from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { ERRNO_NAMES } from '../errnos';
import { ILLUMOS_ERRNO_NAMES } from '../illumos-errnos';
import { named } from '../language/observation';
import { CPU_STARTS, cpuSinceStart, leavingCpu, RUNNING, sinceStart } from '../process';
import { SYSCALL_NAMES } from './syscall-names';
import { callBegins, callEnds, callNumber, error } from './call';

export const syscalls: MetricDescription = {
  module: 'syscall',
  stat: 'syscalls',
  label: 'system calls',
  question: 'What do programs ask of the kernel, and which of these calls are slow or fail?',
  synonyms: [
    'system call',
    'strace',
    'syscall latency',
    'futex',
    'mutex',
    'epoll_wait',
    'open',
    'read',
    'write',
    'connect',
    'mmap',
    'errno',
    'EAGAIN',
    'ENOENT',
    'lock contention',
    'slow',
  ],
  misses: [
    'a call that has not returned yet: it counts in the second in which it returns, and until then in syscall.inflight',
    'calls that never return: exit, exit_group',
    'while more than 16,384 calls are under way, in as many threads, new ones: they are lost, and counted as such',
    'a call that a signal interrupts counts again when it goes on',
  ],
  unit: 'syscalls',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'syscall', 'errno', 'latency', 'cputime', 'subsecond'],
  bpf: {
    probes: [
      callBegins(CPU_STARTS),
      leavingCpu((of) => of),
      callEnds(
        {
          fields: {
            ...RUNNING,
            syscall: named(callNumber, SYSCALL_NAMES),
            errno: named(error, ERRNO_NAMES),
            latency: sinceStart,
            cputime: cpuSinceStart,
          },
        },
        CPU_STARTS,
      ),
    ],
  },
  dtrace: {
    illumos: span({
      from: ['syscall:::entry'],
      to: ['syscall:::return'],
      by: 'thread',
      keep: STARTS,
      fields: {
        ...ILLUMOS_PROCESS,
        syscall: 'probefunc',
        errno: { integer: 'errno', names: ILLUMOS_ERRNO_NAMES },
        ...DURATIONS,
        subsecond: SUBSECOND,
      },
    }),
    // The syscall provider there has a probe for each of 360 calls, and takes 40 s to attach to them.
    linux: span({
      from: ['rawtp:::sys_enter'],
      to: ['rawtp:::sys_exit'],
      by: 'thread',
      keep: { start: 'timestamp', number: 'arg1' },
      fields: {
        ...LINUX_PROCESS,
        syscall: { integer: '{number}', names: SYSCALL_NAMES },
        errno: {
          integer: '(int64_t)arg1 < 0 && (int64_t)arg1 >= -4095 ? -(int64_t)arg1 : 0',
          names: ERRNO_NAMES,
        },
        latency: SINCE_START,
        subsecond: SUBSECOND,
      },
    }),
  },
};
