/* cpu.thread_executions: each time a thread leaves a CPU, how long it was on it and why it left. */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SINCE_START, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, bits, choose, either, equal, member, now, unequal } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { RUNNING, sinceStart } from '../process';

const preempted = argument(0);
const leaving = argument(1, 'task_struct');
/** 5.18 hands the state over; before, it is read from the task, whose member was renamed in 5.14. */
export const state = either(argument(3), member(leaving, '__state'), member(leaving, 'state'));

/** Bits of a task's state (include/linux/sched.h). */
export const SLEEPING = 0x1;
export const WAITING = 0x2;
const STOPPED = 0x4 | 0x8;
const EXITED = 0x10 | 0x20 | 0x80;

const REASONS = tableOfNames([
  ['runnable', 0],
  ['sleeping', SLEEPING],
  ['waiting', WAITING],
  ['stopped', STOPPED],
  ['exited', EXITED],
]);

/** The same in D, of the arguments of Linux's sched_switch. */
const REASON = [EXITED, STOPPED, WAITING, SLEEPING].reduceRight(
  (otherwise, bit) => `((int)arg3 & ${bit} ? ${bit} : ${otherwise})`,
  '0',
);
/** On illumos, of the thread that leaves. */
const STATES: readonly (readonly [state: string, reason: string])[] = [
  ['SRUN', 'runnable'],
  ['SZOMB', 'exited'],
  ['SSTOP', 'stopped'],
  ['SIDL', 'in proc creation'],
  ['SONPROC', 'on-cpu'],
  ['SWAIT', 'waiting to be runnable'],
  ['SSLEEP', 'sleeping'],
];
const STATE = STATES.reduceRight(
  (otherwise, [state, name]) => `(curlwpsinfo->pr_state == ${state} ? "${name}" : ${otherwise})`,
  '"unknown"',
);

/** Bits that are ignored: parked, waking, no-load, new, frozen. */
const reason = choose(
  unequal(bits(preempted, 0xff), 0),
  0,
  choose(
    unequal(bits(state, EXITED), 0),
    EXITED,
    choose(
      unequal(bits(state, STOPPED), 0),
      STOPPED,
      choose(unequal(bits(state, WAITING), 0), WAITING, choose(equal(bits(state, SLEEPING), 0), 0, SLEEPING)),
    ),
  ),
);

export const threadExecutions: MetricDescription = {
  module: 'cpu',
  stat: 'thread_executions',
  label: 'thread executions',
  question:
    'Who runs, for how long at a stretch, and does it leave the CPU because it must or because it waits?',
  synonyms: [
    'on-cpu',
    'scheduler',
    'context switch',
    'time slice',
    'preempt',
    'futex',
    'lock contention',
    'off-cpu',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'leavereason', 'runtime', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('sched_switch'),
        steps: [
          {
            kind: 'count',
            by: 'cpu',
            // The idle task is the absence of executions.
            when: unequal(member(leaving, 'pid'), 0),
            fields: {
              ...RUNNING,
              leavereason: named(reason, REASONS),
              runtime: sinceStart,
            },
          },
          { kind: 'keep', by: 'cpu', values: { start: now } },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      {
        probes: ['sched:::on-cpu'],
        // The idle thread has no priority.
        when: 'curthread->t_pri != -1',
        keep: { by: 'thread', values: { start: 'timestamp' } },
      },
      {
        probes: ['sched:::off-cpu'],
        count: {
          by: 'thread',
          fields: { ...ILLUMOS_PROCESS, leavereason: STATE, runtime: SINCE_START, subsecond: SUBSECOND },
        },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_switch'],
        when: '((struct task_struct *)arg1)->pid != 0',
        count: {
          by: ['cpu'],
          fields: {
            ...LINUX_PROCESS,
            leavereason: { integer: `(arg0 & 0xff) != 0 ? 0 : ${REASON}`, names: REASONS },
            runtime: SINCE_START,
            subsecond: SUBSECOND,
          },
        },
      },
      { probes: ['rawtp:::sched_switch'], keep: { by: ['cpu'], values: { start: 'timestamp' } } },
    ],
  },
};
