/*
 * syscall.inflight: every system call that is in progress when a second ends, with its age.
 *
 * The age of a call that began after the question is exact to the nanosecond. A call already in progress is found where
 * its thread waits: its number is in the thread's saved registers, and the call is at least as old as the wait.
 */
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';
import {
  all,
  argument,
  below,
  bits,
  choose,
  equal,
  member,
  minus,
  now,
  task,
  unequal,
  type Expression,
} from '../language/expression';
import { eachThread, named, tracepoint } from '../language/observation';
import { fieldsOfTask, sinceStart } from '../process';
import { savedNumber, WORKERS } from './saved-number';
import { callBegins, callNumber, numbered } from './call';
import { SYSCALL_NAMES } from './syscall-names';

const thread = argument(1, 'task_struct');
const { hostname, zonename, execname, threadname, pid, ppid, pexecname, psargs, ppsargs } =
  fieldsOfTask(thread);

const number = savedNumber(thread);
const waits = all(
  equal(bits(member(thread, 'flags'), WORKERS), 0),
  equal(member(thread, 'exit_state'), 0),
  equal(member(thread, 'on_cpu'), 0),
  below(number, 2 ** 31),
);

/** By the scheduler's clock: the thread that runs this has just been put on a CPU. */
const cameOn = (of: Expression): Expression => member(of, 'sched_info.last_arrival');
const waited = choose(below(cameOn(thread), cameOn(task)), minus(cameOn(task), cameOn(thread)), 0);

export const inflight: MetricDescription = {
  module: 'syscall',
  stat: 'inflight',
  label: 'system calls in progress',
  question: 'Which calls have not returned, of which programs, and for how long have they been under way?',
  synonyms: [
    'hang',
    'hanging',
    'stuck',
    'blocked',
    'in flight',
    'in progress',
    'pending',
    'timeout',
    'waiting',
    'deadlock',
    'nfs',
    'read',
    'futex',
    'connect',
  ],
  misses: [
    'calls that begin and return between the ends of two seconds: syscall.syscalls has them',
    'how long a call that was under way before the question had lasted when its thread last ran; and the call itself while its thread runs',
  ],
  unit: 'syscalls',
  interval: 'point',
  fields: [...FAMILY_FIELDS, 'threadname', 'syscall', 'latency'],
  bpf: {
    probes: [
      callBegins(),
      { at: tracepoint('sys_exit'), steps: [{ kind: 'forget', by: 'thread' }] },
      {
        at: eachThread,
        steps: [
          {
            kind: 'count',
            by: thread,
            goesOn: true,
            // The thread that reads is always in a call itself.
            when: all(unequal(thread, 0), unequal(thread, task)),
            unkept: {
              when: waits,
              values: { start: minus(now, waited), number: numbered(number, thread) },
            },
            fields: {
              hostname,
              zonename,
              execname,
              threadname,
              pid,
              ppid,
              pexecname,
              psargs,
              ppsargs,
              syscall: named(callNumber, SYSCALL_NAMES),
              latency: sinceStart,
            },
          },
        ],
      },
    ],
  },
};
