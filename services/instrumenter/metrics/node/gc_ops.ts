/* node.gc_ops: each garbage collection of a Node.js program. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../clause';
import type { MetricDescription } from '../description';
import { tableOfNames } from '../names';

/** v8::GCType: bits. */
const TYPES = tableOfNames([
  ['scavenge', 1],
  ['mark and sweep', 2],
  ['both', 3],
]);

export const gcOps: MetricDescription = {
  module: 'node',
  stat: 'gc_ops',
  label: 'garbage collection operations',
  why: 'Do pauses for garbage collection hold the program up?',
  unit: 'operations',
  interval: 'interval',
  fields: [
    'hostname',
    'zonename',
    'pid',
    'execname',
    'psargs',
    'ppid',
    'pexecname',
    'ppsargs',
    'gctype',
    'latency',
  ],
  dtrace: {
    illumos: span({
      from: ['node*:::gc-start'],
      to: ['node*:::gc-done'],
      by: 'thread',
      keep: { start: 'timestamp' },
      fields: { ...ILLUMOS_PROCESS, gctype: { integer: 'arg0', names: TYPES }, latency: SINCE_START },
    }),
  },
};
