/*
 * cpu.offcpu_waits: each time a thread of a program has waited, how long, and what for: from where it leaves its CPU because
 * it cannot go on to where it is on one again. What for is known by the call that it is in.
 */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { all, argument, bits, choose, equal, kept, lift, member, now, unequal } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { fieldsOfTask, sinceStart } from '../process';
import { isOneOf, numbered } from '../syscall/call';
import { savedNumber, WORKERS } from '../syscall/saved-number';
import { SYSCALL_NAMES } from '../syscall/syscall-names';
import { SLEEPING, state, WAITING } from './thread-executions';

const preempted = argument(0);
const leaving = argument(1, 'task_struct');
const coming = argument(2, 'task_struct');
const call = kept('call');

/** By the calls that wait for it. A thread that no signal can wake waits for a device, or for another in the kernel. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  lock: ['futex', 'futex_wait', 'futex_waitv', 'futex_requeue', 'flock', 'semop', 'semtimedop'],
  timer: ['nanosleep', 'clock_nanosleep'],
  network: [
    ...['recvfrom', 'recvmsg', 'recvmmsg', 'sendto', 'sendmsg', 'sendmmsg', 'accept', 'accept4', 'connect'],
  ],
  event: [
    ...['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'poll', 'ppoll', 'select', 'pselect6', 'io_uring_enter'],
    ...['io_getevents', 'io_pgetevents'],
  ],
  child: ['wait4', 'waitid', 'vfork'],
  signal: ['rt_sigtimedwait', 'rt_sigsuspend', 'pause'],
  'pipe or socket': ['read', 'readv', 'write', 'writev', 'splice', 'tee'],
};
const IO = 1;
const NUMBERS = Object.keys(REASONS).map((name, i) => [name, i + 2] as const);
const OTHER = 0;

const isDeep = equal(kept('deep'), 1);
const reason = choose(
  isDeep,
  IO,
  NUMBERS.reduceRight(
    (otherwise, [name, number]) => choose(isOneOf(call, REASONS[name] ?? []), number, otherwise),
    lift(OTHER),
  ),
);
const WAIT_NAMES = tableOfNames([['other', OTHER], ['io', IO], ...NUMBERS]);

export const offcpuWaits: MetricDescription = {
  module: 'cpu',
  stat: 'offcpu_waits',
  label: 'waits off CPU',
  question: 'Why is it slow while nothing runs: what do the threads of which program wait for, and how long?',
  synonyms: [
    ...['off-cpu', 'blocked', 'wait', 'waiting', 'sleep', 'idle', 'lock contention', 'futex', 'iowait'],
    ...['context switch', 'slow', 'hang'],
  ],
  misses: [
    'waits of the kernel’s own threads, and those that have not ended yet: syscall.inflight has them',
    'where in the program and in the kernel a thread waits: its stack',
    'the wait for a CPU behind each as a time of its own (cpu.runqueue_waits): it is part of these',
    'what the kernel waits for within a call that no signal can wake: a device, memory, or a lock of its own, all are io',
  ],
  unit: 'waits',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'waitreason', 'syscall', 'latency', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('sched_switch'),
        steps: [
          {
            kind: 'count',
            by: coming,
            fields: {
              ...fieldsOfTask(coming),
              waitreason: named(reason, WAIT_NAMES),
              syscall: named(call, SYSCALL_NAMES),
              latency: sinceStart,
            },
          },
          {
            kind: 'keep',
            by: leaving,
            when: all(
              equal(bits(preempted, 0xff), 0),
              unequal(bits(state, SLEEPING | WAITING), 0),
              equal(bits(member(leaving, 'flags'), WORKERS), 0),
            ),
            values: {
              start: now,
              call: numbered(savedNumber(leaving), leaving),
              deep: unequal(bits(state, WAITING), 0),
            },
          },
        ],
      },
    ],
  },
};
