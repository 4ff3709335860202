/* ldapjs.connections: each connection to an LDAP server made with ldapjs. */
import { ILLUMOS_PROGRAM } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

export const ldapjsConnections: MetricDescription = {
  module: 'ldapjs',
  stat: 'connections',
  label: 'connections',
  question: 'Who connects to the directory, and how often?',
  synonyms: ['ldap', 'directory'],
  unit: 'connections',
  interval: 'interval',
  fields: [...PROGRAM_FIELDS, 'raddr'],
  dtrace: {
    illumos: [
      {
        probes: ['ldapjs*:::server-connection'],
        count: { fields: { ...ILLUMOS_PROGRAM, raddr: 'copyinstr(arg0)' } },
      },
    ],
  },
};
