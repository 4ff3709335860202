/* java.gc_ops: each garbage collection of a Java virtual machine that stops the program. */
import { argument, kept, now } from '../language/expression';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { tableOfNames } from '../language/names';
import { named } from '../language/observation';
import { RUNNING, sinceStart } from '../process';
import { JAVA, usdt, userMoment } from '../user';

/** The probe's argument: whether the whole heap is collected. */
const TYPES = tableOfNames([
  ['partial', 0],
  ['full', 1],
]);

export const javaGcOps: MetricDescription = {
  module: 'java',
  stat: 'gc_ops',
  label: 'garbage collection operations',
  question: 'Do pauses for garbage collection hold the program up?',
  synonyms: ['gc', 'jvm', 'garbage collection', 'pause', 'stop the world', 'hotspot', 'java'],
  misses: ['that a parallel System.gc() is two collections in the log: one pause here'],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'gctype', 'latency', 'subsecond'],
  bpf: {
    probes: [
      {
        at: userMoment(JAVA, usdt('hotspot', 'gc__begin')),
        steps: [{ kind: 'keep', by: 'thread', values: { start: now, type: argument(0) } }],
      },
      {
        at: userMoment(JAVA, usdt('hotspot', 'gc__end')),
        steps: [
          {
            kind: 'count',
            by: 'thread',
            fields: { ...RUNNING, gctype: named(kept('type'), TYPES), latency: sinceStart },
          },
        ],
      },
    ],
  },
};
