/* unix.processes from /proc/<pid>: one point per process, by what it is and how large. */
import { needsFile, type ProcMetric } from '../metric';
import { processRows } from '../processes';

export const unixProcesses: ProcMetric = {
  metric: 'unix.processes',
  fields: ['zonename', 'execname', 'pid', 'ppid', 'rss', 'psargs', 'nthreads'],
  missing: needsFile('/proc/self/stat'),
  dear: ['psargs', 'zonename'],
  rows: processRows,
  measure: { kind: 'gauge', points: ({ fields }) => [{ fields, value: 1 }] },
};
