/* moray.queries: each SQL statement that a Moray server has run. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS, substring } from '../clause';
import type { MetricDescription } from '../description';

export const morayQueries: MetricDescription = {
  module: 'moray',
  stat: 'queries',
  label: 'SQL queries',
  why: 'Which statements does the object store wait for?',
  unit: 'queries',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'pid', 'execname', 'psargs', 'querysubstr', 'latency', 'cputime'],
  dtrace: {
    illumos: span({
      from: ['moray*:::query-start'],
      to: ['moray*:::query-done'],
      by: ['pid', 'copyinstr(arg0)'],
      // Request, statement.
      keep: { ...STARTS, query: 'copyinstr(arg1)' },
      fields: { ...ILLUMOS_PROGRAM, querysubstr: substring('{query}'), ...DURATIONS },
    }),
  },
};
