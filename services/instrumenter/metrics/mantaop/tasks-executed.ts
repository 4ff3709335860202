/* mantaop.tasks_executed: each task that a Manta agent has run. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const tasksExecuted: MetricDescription = {
  module: 'mantaop',
  stat: 'tasks_executed',
  label: 'tasks executed',
  question: 'How long do the tasks of a job run?',
  synonyms: ['manta'],
  unit: 'tasks',
  interval: 'interval',
  fields: ['hostname', 'jobid', 'latency'],
  dtrace: {
    illumos: span({
      from: ['marlin-agent*:::task-dispatched'],
      to: ['marlin-agent*:::task-done'],
      by: ['pid', 'copyinstr(arg1)'],
      keep: { start: 'timestamp' },
      fields: { jobid: 'copyinstr(arg0)', latency: SINCE_START },
    }),
  },
};
