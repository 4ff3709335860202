/* unix.thr_creates: each thread added to a process that is already there. */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, member, unequal } from '../language/expression';
import { tracepoint } from '../language/observation';
import { RUNNING } from '../process';

const child = argument(1, 'task_struct');
/** The same in D. */
const CHILD = '((struct task_struct *)arg1)';

export const threadCreates: MetricDescription = {
  module: 'unix',
  stat: 'thr_creates',
  label: 'thread creations',
  question: 'Does a program make a thread for each piece of work instead of keeping some?',
  synonyms: ['thread', 'pthread_create', 'clone', 'thread pool'],
  unit: 'threads',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('sched_process_fork'),
        steps: [
          { kind: 'count', when: unequal(member(child, 'pid'), member(child, 'tgid')), fields: RUNNING },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      {
        probes: ['proc:::lwp-create'],
        count: { fields: { ...ILLUMOS_PROCESS, subsecond: SUBSECOND } },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_process_fork'],
        when: `${CHILD}->pid != ${CHILD}->tgid`,
        count: { fields: { ...LINUX_PROCESS, subsecond: SUBSECOND } },
      },
    ],
  },
};
