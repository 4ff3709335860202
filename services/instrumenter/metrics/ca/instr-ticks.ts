/* ca.instr_ticks: the instrumenter's own work. */
import type { MetricDescription } from '../language/description';

export const instrTicks: MetricDescription = {
  module: 'ca',
  stat: 'instr_ticks',
  label: 'instrumenter ticks',
  question: 'How much of each second does the instrumenter need for its own work?',
  synonyms: ['overhead', 'self'],
  unit: 'ticks',
  interval: 'interval',
  fields: ['hostname', 'latency', 'subsecond'],
  self: true,
};
