/* mysql.queries: each query that a MySQL server has run, whether it had to parse it or not. */
import { DURATIONS, ILLUMOS_PROGRAM, type Clause, STARTS, substring } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

/** Both begin with query, connection, database, user and host. */
const KEPT = {
  ...STARTS,
  query: 'copyinstr(arg0)',
  database: 'copyinstr(arg2)',
  user: 'copyinstr(arg3)',
  client: 'copyinstr(arg4)',
};

const FIELDS: NonNullable<Clause['count']>['fields'] = {
  ...ILLUMOS_PROGRAM,
  querysubstr: substring('{query}'),
  database: '{database}',
  user: '{user}',
  client: '{client}',
  parsed: '{parsed} ? "yes" : "no"',
  status: { integer: 'arg0' },
  ...DURATIONS,
};

export const mysqlQueries: MetricDescription = {
  module: 'mysql',
  stat: 'queries',
  label: 'queries',
  question: 'Which queries are slow, of whom, and were they prepared?',
  synonyms: ['mysql', 'mariadb', 'sql', 'database', 'slow query'],
  unit: 'queries',
  interval: 'interval',
  fields: [
    ...PROGRAM_FIELDS,
    'querysubstr',
    'database',
    'user',
    'client',
    'parsed',
    'status',
    'latency',
    'cputime',
  ],
  dtrace: {
    // A query that is parsed passes both pairs of probes, the inner within the outer: it counts at the outer end.
    illumos: [
      { probes: ['mysql*:::query-start'], keep: { by: 'thread', values: { ...KEPT, parsed: '1' } } },
      {
        probes: ['mysql*:::query-exec-start'],
        when: '!{kept}',
        keep: { by: 'thread', values: { ...KEPT, parsed: '0' } },
      },
      { probes: ['mysql*:::query-exec-done'], count: { by: 'thread', ends: '!{parsed}', fields: FIELDS } },
      { probes: ['mysql*:::query-done'], count: { by: 'thread', ends: '{parsed}', fields: FIELDS } },
    ],
  },
};
