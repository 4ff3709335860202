/* ca.instr_enables: the instrumenter's own work. Observed by the self source, which hears of it from journal.ts. */
import type { MetricDescription } from '../language/description';

export const instrEnables: MetricDescription = {
  module: 'ca',
  stat: 'instr_enables',
  label: 'instrumenter enable operations',
  question: 'How long does it take until something is gathered?',
  unit: 'operations',
  interval: 'interval',
  fields: ['hostname', 'cabackend', 'cainstnid', 'cametric', 'latency'],
};
