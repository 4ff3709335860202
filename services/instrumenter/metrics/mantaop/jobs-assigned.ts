/* mantaop.jobs_assigned: each job that a Manta supervisor takes over. */
import type { MetricDescription } from '../language/description';

export const jobsAssigned: MetricDescription = {
  module: 'mantaop',
  stat: 'jobs_assigned',
  label: 'jobs assigned',
  question: 'How many jobs begin, and at which supervisor?',
  synonyms: ['manta'],
  unit: 'jobs',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
  dtrace: {
    illumos: [
      {
        probes: ['marlin-supervisor*:::job-assigned'],
        count: { fields: { zonename: 'zonename' } },
      },
    ],
  },
};
