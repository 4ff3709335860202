/* moray.queries: each SQL statement that a Moray server has run. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS, substring } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

export const morayQueries: MetricDescription = {
  module: 'moray',
  stat: 'queries',
  label: 'SQL queries',
  question: 'Which statements does the object store wait for?',
  synonyms: ['moray', 'sql', 'database', 'slow query'],
  unit: 'queries',
  interval: 'interval',
  fields: [...PROGRAM_FIELDS, 'querysubstr', 'latency', 'cputime'],
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
