/* ca.instr_disables: the instrumenter's own work. */
import type { MetricDescription } from '../language/description';

export const instrDisables: MetricDescription = {
  module: 'ca',
  stat: 'instr_disables',
  label: 'instrumenter disable operations',
  question: 'How long does it take until nothing is left of something gathered?',
  synonyms: ['overhead', 'self'],
  unit: 'operations',
  interval: 'interval',
  fields: ['hostname', 'cabackend', 'cainstnid', 'cametric', 'latency'],
  self: true,
};
