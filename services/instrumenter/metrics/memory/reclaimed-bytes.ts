/* memory.reclaimed_bytes: excess memory reclaimed. Observed by /proc and cgroups (Linux), kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const reclaimedBytes: MetricDescription = {
  module: 'memory',
  stat: 'reclaimed_bytes',
  label: 'excess memory reclaimed',
  question: 'Whose memory had to be taken back?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
};
