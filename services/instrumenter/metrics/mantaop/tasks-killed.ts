/* mantaop.tasks_killed: each task that a Manta agent has ended by force. */
import type { MetricDescription } from '../language/description';

export const tasksKilled: MetricDescription = {
  module: 'mantaop',
  stat: 'tasks_killed',
  label: 'tasks killed',
  question: 'Which jobs have tasks that must be stopped?',
  synonyms: ['manta'],
  unit: 'tasks',
  interval: 'interval',
  fields: ['hostname', 'jobid'],
  dtrace: {
    illumos: [{ probes: ['marlin-agent*:::task-killed'], count: { fields: { jobid: 'copyinstr(arg0)' } } }],
  },
};
