/* mantaop.supervisor_locates: each question of a Manta supervisor where an object is. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const supervisorLocates: MetricDescription = {
  module: 'mantaop',
  stat: 'supervisor_locates',
  label: 'supervisor locate requests',
  question: 'Does finding objects hold jobs up?',
  synonyms: ['manta'],
  unit: 'requests',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'objname', 'errname', 'latency'],
  dtrace: {
    illumos: span({
      from: ['marlin-supervisor*:::locate-start'],
      to: ['marlin-supervisor*:::locate-done'],
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
