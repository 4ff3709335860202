/* unix.processes: processes. Observed by /proc (Linux). */
import type { MetricDescription } from '../language/description';

export const processes: MetricDescription = {
  module: 'unix',
  stat: 'processes',
  label: 'processes',
  question: 'What runs here, and how large is it?',
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
};
