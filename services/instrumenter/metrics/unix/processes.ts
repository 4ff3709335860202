/* unix.processes: processes. */
import type { MetricDescription } from '../language/description';
import { needsFile } from '../../sources/proc/metric';
import { processRows } from '../../sources/proc/processes';

export const processes: MetricDescription = {
  module: 'unix',
  stat: 'processes',
  label: 'processes',
  question: 'What runs here, and how large is it?',
  synonyms: ['ps', 'top', 'pid', 'process list', 'memory usage', 'rss', 'threads'],
  misses: [
    'processes of other PID namespaces than the instrumenter’s, where it has one of its own',
    'processes that live less than a second',
  ],
  unit: 'processes',
  interval: 'point',
  fields: [
    'hostname',
    'zonename',
    'execname',
    'pid',
    'ppid',
    'rss',
    'contract',
    'psargs',
    'pmodel',
    'nthreads',
  ],
  // One point per process, by what it is and how large.
  proc: {
    fields: ['zonename', 'execname', 'pid', 'ppid', 'rss', 'psargs', 'nthreads'],
    missing: needsFile('/proc/self/stat'),
    costly: ['psargs', 'zonename'],
    rows: processRows,
    measure: { kind: 'gauge', points: ({ fields }) => [{ fields, value: 1 }] },
  },
};
