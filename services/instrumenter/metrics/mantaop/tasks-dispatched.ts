/* mantaop.tasks_dispatched: each task that a Manta supervisor hands out. */
import type { MetricDescription } from '../language/description';

export const tasksDispatched: MetricDescription = {
  module: 'mantaop',
  stat: 'tasks_dispatched',
  label: 'tasks dispatched',
  question: 'Which jobs make how much work?',
  synonyms: ['manta'],
  unit: 'tasks',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'jobid'],
  dtrace: {
    illumos: [
      {
        probes: ['marlin-supervisor*:::task-dispatched'],
        count: { fields: { zonename: 'zonename', jobid: 'copyinstr(arg0)' } },
      },
    ],
  },
};
