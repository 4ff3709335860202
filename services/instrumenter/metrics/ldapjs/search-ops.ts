/* ldapjs.search_ops: each search that an ldapjs server has done. */
import { ILLUMOS_PROGRAM, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

export const searchOps: MetricDescription = {
  module: 'ldapjs',
  stat: 'search_ops',
  label: 'search operations',
  question: 'Which searches of the directory are slow?',
  synonyms: ['ldap', 'directory', 'slow'],
  unit: 'operations',
  interval: 'interval',
  fields: [
    ...PROGRAM_FIELDS,
    'raddr',
    'ldapbinddn',
    'ldaprequestdn',
    'status',
    'ldapfilter',
    'ldapscope',
    'latency',
  ],
  dtrace: {
    illumos: span({
      from: ['ldapjs*:::server-search-start'],
      to: ['ldapjs*:::server-search-done'],
      by: ['pid', 'arg0'],
      keep: { start: 'timestamp', scope: 'copyinstr(arg4)', filter: 'copyinstr(arg5)' },
      fields: {
        ...ILLUMOS_PROGRAM,
        raddr: 'copyinstr(arg1)',
        ldapbinddn: 'copyinstr(arg2)',
        ldaprequestdn: 'copyinstr(arg3)',
        status: { integer: 'arg4' },
        ldapscope: '{scope}',
        ldapfilter: '{filter}',
        latency: SINCE_START,
      },
    }),
  },
};
