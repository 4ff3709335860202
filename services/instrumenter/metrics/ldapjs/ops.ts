/* ldapjs.ops: each operation that an ldapjs server has done. */
import { ILLUMOS_PROGRAM, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

const OPERATIONS = ['add', 'bind', 'compare', 'delete', 'exop', 'modify', 'modifydn', 'search', 'unbind'];

export const ldapjsOps: MetricDescription = {
  module: 'ldapjs',
  stat: 'ops',
  label: 'all operations',
  question: 'Which operations of the directory are slow or fail?',
  synonyms: ['ldap', 'directory', 'slow'],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROGRAM_FIELDS, 'raddr', 'optype', 'ldapbinddn', 'ldaprequestdn', 'status', 'latency'],
  dtrace: {
    illumos: span({
      from: OPERATIONS.map((name) => `ldapjs*:::server-${name}-start`),
      to: OPERATIONS.map((name) => `ldapjs*:::server-${name}-done`),
      by: ['pid', 'arg0'],
      keep: { start: 'timestamp' },
      fields: {
        ...ILLUMOS_PROGRAM,
        raddr: 'copyinstr(arg1)',
        // "server-add-done" without what stands before the operation and after it.
        optype: 'strtok(substr(probename, 7), "-")',
        ldapbinddn: 'copyinstr(arg2)',
        ldaprequestdn: 'copyinstr(arg3)',
        status: { integer: 'arg4' },
        latency: SINCE_START,
      },
    }),
  },
};
