/* moray.ops: each operation on objects that a Moray server has done. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROGRAM_FIELDS } from '../language/fields';

const OPERATIONS = ['delobject', 'findobjects', 'getobject', 'putobject', 'update'];
const FIELDS = { ...ILLUMOS_PROGRAM, optype: '{optype}', table: '{table}', ...DURATIONS } as const;

export const morayOps: MetricDescription = {
  module: 'moray',
  stat: 'ops',
  label: 'operations',
  question: 'Which tables of the object store are slow, and for which operations?',
  synonyms: ['moray', 'object store', 'database', 'slow'],
  unit: 'operations',
  interval: 'interval',
  fields: [...PROGRAM_FIELDS, 'optype', 'table', 'latency', 'cputime'],
  dtrace: {
    illumos: [
      ...span({
        from: OPERATIONS.map((name) => `moray*:::${name}-start`),
        to: OPERATIONS.map((name) => `moray*:::${name}-done`),
        by: ['pid', 'arg0'],
        // Message, request, bucket.
        keep: { ...STARTS, optype: 'strtok(probename, "-")', table: 'copyinstr(arg2)' },
        fields: FIELDS,
      }),
      ...span({
        from: ['moray*:::batch-op-start'],
        to: ['moray*:::batch-op-done'],
        by: ['pid', 'arg0'],
        keep: { ...STARTS, optype: 'strjoin("batch-", copyinstr(arg3))', table: 'copyinstr(arg2)' },
        fields: FIELDS,
      }),
    ],
  },
};
