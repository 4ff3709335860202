/* mantaop.supervisor_deletes: each removal of an object that a Manta supervisor asks for. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const supervisorDeletes: MetricDescription = {
  module: 'mantaop',
  stat: 'supervisor_deletes',
  label: 'supervisor delete requests',
  question: 'Does removing objects hold jobs up?',
  synonyms: ['manta'],
  unit: 'requests',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'objname', 'errname', 'latency'],
  dtrace: {
    illumos: span({
      from: ['marlin-supervisor*:::delete-start'],
      to: ['marlin-supervisor*:::delete-done'],
      by: ['pid', 'copyinstr(arg0)'],
      keep: { start: 'timestamp' },
      fields: {
        zonename: 'zonename',
        objname: 'copyinstr(arg0)',
        errname: 'copyinstr(arg1)',
        latency: SINCE_START,
      },
    }),
  },
};
