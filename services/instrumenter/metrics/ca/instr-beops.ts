/* ca.instr_beops: the instrumenter's own work. */
import type { MetricDescription } from '../language/description';

export const instrBeops: MetricDescription = {
  module: 'ca',
  stat: 'instr_beops',
  label: 'instrumenter backend requests',
  question: 'Which source or instrumentation is slow to read?',
  synonyms: ['overhead', 'self', 'ebpf', 'bpf'],
  unit: 'requests',
  interval: 'interval',
  fields: ['hostname', 'cabackend', 'cainstnid', 'cametric', 'latency', 'subsecond'],
  self: true,
};
