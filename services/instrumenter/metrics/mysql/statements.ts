/* mysql.statements: each statement that reads or changes rows in a MySQL server. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { KIND, READ_OR_CHANGED, statements } from './mariadb';

const STATEMENTS = ['select', 'insert', 'insert-select', 'update', 'multi-update', 'delete', 'multi-delete'];

export const mysqlStatements: MetricDescription = {
  module: 'mysql',
  stat: 'statements',
  label: 'statements',
  question: 'Which kinds of statement touch how many rows, and how long do they take?',
  synonyms: ['mysql', 'mariadb', 'sql', 'select', 'insert', 'update', 'delete', 'slow query'],
  unit: 'statements',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'statement',
    'table',
    'status',
    'rowsmatched',
    'rowschanged',
    'latency',
    'cputime',
    'subsecond',
  ],
  bpf: statements(KIND, READ_OR_CHANGED),
  dtrace: {
    illumos: span({
      from: STATEMENTS.map((name) => `mysql*:::${name}-start`),
      to: STATEMENTS.map((name) => `mysql*:::${name}-done`),
      by: 'thread',
      keep: STARTS,
      fields: {
        ...ILLUMOS_PROGRAM,
        // "insert-select-done" without its end.
        statement: 'substr(probename, 0, strlen(probename) - 5)',
        status: { integer: 'arg0' },
        rowsmatched: 'arg1',
        // Only these report both matched and changed rows; for the others the rows touched are the rows changed.
        rowschanged: 'probename == "update-done" || probename == "multi-update-done" ? arg2 : arg1',
        ...DURATIONS,
      },
    }),
  },
};
