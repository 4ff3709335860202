/* mysql.connections: each connection that a MySQL client has ended. */
import { ILLUMOS_PROGRAM, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { connections } from './mariadb';

export const mysqlConnections: MetricDescription = {
  module: 'mysql',
  stat: 'connections',
  label: 'connections',
  question: 'Who connects to the database, and for how long?',
  synonyms: ['mysql', 'mariadb', 'database', 'client', 'connection'],
  unit: 'connections',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'user', 'client', 'latency', 'subsecond'],
  misses: ['connections that are refused; those of a server that has a pool of threads (thread_handling)'],
  bpf: connections,
  dtrace: {
    illumos: span({
      from: ['mysql*:::connection-start'],
      to: ['mysql*:::connection-done'],
      by: 'thread',
      // Connection, user, host.
      keep: { start: 'timestamp', user: 'copyinstr(arg1)', client: 'copyinstr(arg2)' },
      fields: { ...ILLUMOS_PROGRAM, user: '{user}', client: '{client}', latency: SINCE_START },
    }),
  },
};
