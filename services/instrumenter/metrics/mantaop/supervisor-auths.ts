/* mantaop.supervisor_auths: each question of a Manta supervisor about a user. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const supervisorAuths: MetricDescription = {
  module: 'mantaop',
  stat: 'supervisor_auths',
  label: 'supervisor auth requests',
  question: 'Does looking up users hold jobs up?',
  synonyms: ['manta'],
  unit: 'requests',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'user', 'errname', 'latency'],
  dtrace: {
    illumos: span({
      from: ['marlin-supervisor*:::auth-start'],
      to: ['marlin-supervisor*:::auth-done'],
      by: ['pid', 'copyinstr(arg0)'],
      keep: { start: 'timestamp' },
      fields: {
        zonename: 'zonename',
        user: 'copyinstr(arg0)',
        errname: 'copyinstr(arg1)',
        latency: SINCE_START,
      },
    }),
  },
};
