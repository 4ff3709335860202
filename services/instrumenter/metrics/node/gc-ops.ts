/* node.gc_ops: each garbage collection of a Node.js program. */
import { ILLUMOS_PROCESS, SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument } from '../language/expression';
import { named } from '../language/observation';
import { RUNNING } from '../process';
import { NODE, usdt, userMoment } from '../user';
import { tableOfNames } from '../language/names';

/** v8::GCType: bits. */
const TYPES = tableOfNames([
  ['scavenge', 1],
  ['mark and sweep', 2],
  ['both', 3],
]);

/** perf_hooks.constants.NODE_PERFORMANCE_GC_*: bits as well, of which one is set. */
const KINDS = tableOfNames([
  ['scavenge', 1],
  ['minor mark and sweep', 2],
  ['mark and sweep', 4],
  ['incremental marking', 8],
  ['weak callbacks', 16],
]);

export const gcOps: MetricDescription = {
  module: 'node',
  stat: 'gc_ops',
  label: 'garbage collection operations',
  question: 'Do pauses for garbage collection hold the program up?',
  synonyms: ['gc', 'garbage collection', 'v8', 'pause', 'nodejs', 'javascript', 'event loop'],
  misses: [
    'the second in which it was: a program that is busy reports its collections later, when its event loop turns',
  ],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'gctype', 'latency', 'subsecond'],
  bpf: {
    probes: [
      {
        at: userMoment(NODE, usdt('ca_node', 'gc')),
        steps: [
          {
            kind: 'count',
            fields: { ...RUNNING, gctype: named(argument(0), KINDS), latency: argument(1) },
          },
        ],
      },
    ],
  },
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
