/* postgres.queries: each query that a PostgreSQL server has run. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS, substring } from '../clause';
import type { MetricDescription } from '../description';

export const postgresQueries: MetricDescription = {
  module: 'postgres',
  stat: 'queries',
  label: 'queries',
  why: 'Which queries are slow?',
  unit: 'queries',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'pid', 'execname', 'psargs', 'querysubstr', 'latency', 'cputime'],
  dtrace: {
    illumos: span({
      from: ['postgresql*:::query-start'],
      to: ['postgresql*:::query-done'],
      by: 'thread',
      keep: { ...STARTS, query: 'copyinstr(arg0)' },
      fields: { ...ILLUMOS_PROGRAM, querysubstr: substring('{query}'), ...DURATIONS },
    }),
  },
};
