/* unix.proc_exits: each process that ends, and how long it lived. */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, bits, either, equal, member, minus, now, task } from '../language/expression';
import { tracepoint } from '../language/observation';
import { RUNNING } from '../process';

/** Newer kernels pass whether this was the last thread; on older ones no other thread is alive then. */
const lastThread = either(bits(argument(1), 0xff), equal(member(task, 'signal.live.counter'), 0));

/** Its memory is already released: its arguments are no longer known. */
const { psargs: _, ...ENDING } = RUNNING;

export const procExits: MetricDescription = {
  module: 'unix',
  stat: 'proc_exits',
  label: 'process exits',
  question: 'Which processes end, and do they end young?',
  synonyms: ['exit', 'crash', 'exit code', 'exitsnoop', 'process end', 'short-lived process', 'lifetime'],
  unit: 'processes',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'walltime', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('sched_process_exit'),
        steps: [
          {
            kind: 'count',
            when: lastThread,
            fields: { ...ENDING, walltime: minus(now, member(task, 'group_leader.start_time')) },
          },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      {
        probes: ['proc:::exit'],
        count: {
          fields: {
            ...ILLUMOS_PROCESS,
            walltime: 'timestamp - curthread->t_procp->p_mstart',
            subsecond: SUBSECOND,
          },
        },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_process_exit'],
        when: 'curthread->signal->live.counter == 0',
        count: {
          fields: {
            ...LINUX_PROCESS,
            walltime: 'timestamp - curthread->group_leader->start_time',
            subsecond: SUBSECOND,
          },
        },
      },
    ],
  },
};
