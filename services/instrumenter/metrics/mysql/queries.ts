/* mysql.queries: each query that a MySQL server has run, whether it had to parse it or not. */
import { DURATIONS, ILLUMOS_PROGRAM, type Clause, STARTS, substring } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { STATEMENT, statements } from './mariadb';

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
  synonyms: ['mysql', 'mariadb', 'sql', 'database', 'slow query', 'table', 'query latency'],
  unit: 'queries',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'querysubstr',
    'table',
    'statement',
    'database',
    'user',
    'client',
    'parsed',
    'status',
    'latency',
    'cputime',
    'subsecond',
  ],
  misses: [
    'what procedures and triggers do inside: it is their caller’s',
    'of a statement that names several tables all but the first; a table behind the first 239 bytes',
    'MySQL’s own server on Linux: MariaDB’s alone is known',
  ],
  bpf: statements(STATEMENT),
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
