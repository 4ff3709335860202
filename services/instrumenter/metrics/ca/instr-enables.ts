/* ca.instr_enables: the instrumenter's own work. */
import type { MetricDescription } from '../language/description';

export const instrEnables: MetricDescription = {
  module: 'ca',
  stat: 'instr_enables',
  label: 'instrumenter enable operations',
  question: 'How long does it take until something is gathered?',
  synonyms: ['overhead', 'self'],
  unit: 'operations',
  interval: 'interval',
  fields: ['hostname', 'cabackend', 'cainstnid', 'cametric', 'latency'],
  self: true,
};
