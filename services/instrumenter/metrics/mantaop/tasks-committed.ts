/* mantaop.tasks_committed: each finished task that a Manta supervisor has recorded. */
import type { MetricDescription } from '../language/description';

export const tasksCommitted: MetricDescription = {
  module: 'mantaop',
  stat: 'tasks_committed',
  label: 'tasks committed',
  question: 'Which jobs get on?',
  synonyms: ['manta'],
  unit: 'tasks',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'jobid'],
  dtrace: {
    illumos: [
      {
        probes: ['marlin-supervisor*:::task-committed'],
        count: { fields: { zonename: 'zonename', jobid: 'copyinstr(arg0)' } },
      },
    ],
  },
};
