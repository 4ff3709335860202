/* mantaop.supervisor_errors: each error that a Manta supervisor reports for a job. */
import type { MetricDescription } from '../language/description';

export const supervisorErrors: MetricDescription = {
  module: 'mantaop',
  stat: 'supervisor_errors',
  label: 'supervisor errors',
  question: 'Which jobs go wrong?',
  synonyms: ['manta'],
  unit: 'errors',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'jobid'],
  dtrace: {
    illumos: [
      {
        probes: ['marlin-supervisor*:::error-dispatched'],
        count: { fields: { zonename: 'zonename', jobid: 'copyinstr(arg0)' } },
      },
    ],
  },
};
