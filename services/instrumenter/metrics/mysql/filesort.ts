/* mysql.filesort: each time a MySQL server sorts rows itself for want of an index. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { sorts } from './mariadb';

export const mysqlFilesort: MetricDescription = {
  module: 'mysql',
  stat: 'filesort',
  label: 'filesort',
  question: 'Which tables want an index?',
  synonyms: ['mysql', 'mariadb', 'sql', 'sort', 'index', 'slow query'],
  unit: 'filesorts',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'database', 'table', 'latency', 'cputime', 'subsecond'],
  misses: ['of a statement that names several tables all but the first; a table behind the first 239 bytes'],
  bpf: sorts,
  dtrace: {
    illumos: span({
      from: ['mysql*:::filesort-start'],
      to: ['mysql*:::filesort-done'],
      by: 'thread',
      keep: { ...STARTS, database: 'copyinstr(arg0)', table: 'copyinstr(arg1)' },
      fields: { ...ILLUMOS_PROGRAM, database: '{database}', table: '{table}', ...DURATIONS },
    }),
  },
};
