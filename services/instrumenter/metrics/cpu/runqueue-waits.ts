/* cpu.runqueue_waits: each time a thread gets a CPU, how long it was ready to run and had to wait for one. */
import { SINCE_START, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import {
  argument,
  any,
  bits,
  choose,
  either,
  equal,
  kept,
  lift,
  member,
  minus,
  not,
  now,
  plus,
  unequal,
  type Expression,
} from '../language/expression';
import { tracepoint, type Probe, type Step } from '../language/observation';
import { fieldsOfTask, sinceStart } from '../process';

const preempted = argument(0);
const leaving = argument(1, 'task_struct');
const coming = argument(2, 'task_struct');
const state = either(argument(3), member(leaving, '__state'), member(leaving, 'state'));
const woken = argument('task_struct');
/** CONFIG_SCHED_INFO. */
const delayOf = (thread: Expression): Expression => either(member(thread, 'sched_info.run_delay'), lift(0));
const stillReady = any(unequal(bits(preempted, 0xff), 0), equal(state, 0));

/** The same in D: the raw arguments of Linux's sched_switch. */
const LEAVING = '((struct task_struct *)arg1)';
const COMING = '((struct task_struct *)arg2)';
const STILL_READY = '(arg0 & 0xff) != 0 || (int)arg3 == 0';

/** When a wait begins: by our clock, and how long the thread has waited before, by the kernel's. */
const beginning = (thread: Expression) => ({ start: now, before: delayOf(thread) });
const onWakeup = [{ kind: 'keep', by: member(woken, 'pid'), values: beginning(woken) }] as const;

const queued = member(coming, 'sched_info.last_queued');
/**
 * Nanoseconds of a wait by the run queue's own clock, the same for every question: each program reads its own clock some
 * time after the one before it, which adds up where waits are short. A wait may have had parts in other CPUs' queues.
 */
export const WAIT = either(
  choose(
    equal(queued, 0),
    sinceStart,
    plus(minus(delayOf(coming), kept('before')), minus(member(coming, 'se.cfs_rq.rq.clock'), queued)),
  ),
  sinceStart,
);

/** Each wait, when it ends: `counted` says which fields. */
export function waits(counted: Pick<Step & { kind: 'count' }, 'amount' | 'fields'>): readonly Probe[] {
  return [
    { at: tracepoint('sched_wakeup'), steps: onWakeup },
    { at: tracepoint('sched_wakeup_new'), steps: onWakeup },
    {
      at: tracepoint('sched_switch'),
      steps: [
        {
          kind: 'count',
          by: member(coming, 'pid'),
          when: unequal(member(coming, 'pid'), 0),
          ...counted,
        },
        // A preempted thread waits from now on; one that blocks does not, even if it was woken while it was running.
        {
          kind: 'forget',
          by: member(leaving, 'pid'),
          when: not(stillReady),
        },
        {
          kind: 'keep',
          by: member(leaving, 'pid'),
          when: { kind: 'all', members: [stillReady, unequal(member(leaving, 'pid'), 0)] },
          values: beginning(leaving),
        },
      ],
    },
  ];
}

/** The thread that has waited. */
export const WAITED = fieldsOfTask(coming);

export const runqueueWaits: MetricDescription = {
  module: 'cpu',
  stat: 'runqueue_waits',
  label: 'waits for a CPU',
  question: 'Are there enough CPUs, or do threads that could work stand in a queue?',
  synonyms: [
    'run queue',
    'runqlat',
    'scheduler',
    'latency',
    'jitter',
    'throttle',
    'cpu saturation',
    'cpu contention',
    'cpu starvation',
    'steal',
    'throttling',
    'noisy neighbour',
    'slow',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'latency', 'subsecond'],
  bpf: { probes: waits({ fields: { ...WAITED, latency: sinceStart } }) },
  dtrace: {
    illumos: [
      {
        probes: ['sched:::enqueue'],
        keep: { by: ['args[1]->pr_pid', 'args[0]->pr_lwpid'], values: { start: 'timestamp' } },
      },
      {
        probes: ['sched:::dequeue'],
        count: {
          by: ['args[1]->pr_pid', 'args[0]->pr_lwpid'],
          fields: {
            execname: 'stringof(args[1]->pr_fname)',
            pid: { integer: 'args[1]->pr_pid' },
            ppid: { integer: 'args[1]->pr_ppid' },
            psargs: 'stringof(args[1]->pr_psargs)',
            latency: SINCE_START,
            subsecond: SUBSECOND,
          },
        },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_wakeup', 'rawtp:::sched_wakeup_new'],
        keep: { by: ['((struct task_struct *)arg0)->pid'], values: { start: 'timestamp' } },
      },
      {
        probes: ['rawtp:::sched_switch'],
        when: `${COMING}->pid != 0`,
        count: {
          by: [`${COMING}->pid`],
          fields: {
            execname: `stringof(${COMING}->group_leader->comm)`,
            threadname: `stringof(${COMING}->comm)`,
            pid: { integer: `${COMING}->tgid` },
            ppid: { integer: `${COMING}->real_parent->tgid` },
            pexecname: `stringof(${COMING}->real_parent->group_leader->comm)`,
            latency: SINCE_START,
            subsecond: SUBSECOND,
          },
        },
      },
      // A thread that blocks does not wait for a CPU, even if it was woken while it was running.
      { probes: ['rawtp:::sched_switch'], when: `!(${STILL_READY})`, forget: [`${LEAVING}->pid`] },
      {
        probes: ['rawtp:::sched_switch'],
        when: `(${STILL_READY}) && ${LEAVING}->pid != 0`,
        keep: { by: [`${LEAVING}->pid`], values: { start: 'timestamp' } },
      },
    ],
  },
};
