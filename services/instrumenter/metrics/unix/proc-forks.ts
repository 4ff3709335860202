/* unix.proc_forks: each new process, by the process that made it. */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, equal, member } from '../language/expression';
import { tracepoint } from '../language/observation';
import { RUNNING } from '../process';

const child = argument(1, 'task_struct');
/** The same in D. */
const CHILD = '((struct task_struct *)arg1)';

export const procForks: MetricDescription = {
  module: 'unix',
  stat: 'proc_forks',
  label: 'process forks',
  question: 'Who makes processes, and how many?',
  synonyms: ['fork', 'clone', 'process creation', 'spawn', 'fork bomb'],
  unit: 'processes',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('sched_process_fork'),
        steps: [
          // The tracepoint fires for threads too; only the first thread of a process has the process's number.
          { kind: 'count', when: equal(member(child, 'pid'), member(child, 'tgid')), fields: RUNNING },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      {
        probes: ['proc:::create'],
        count: { fields: { ...ILLUMOS_PROCESS, subsecond: SUBSECOND } },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_process_fork'],
        when: `${CHILD}->pid == ${CHILD}->tgid`,
        count: { fields: { ...LINUX_PROCESS, subsecond: SUBSECOND } },
      },
    ],
  },
};
