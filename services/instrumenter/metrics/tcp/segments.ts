/* tcp.segments: segments. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const segments: MetricDescription = {
  module: 'tcp',
  stat: 'segments',
  label: 'segments',
  question: 'How many TCP segments come and go?',
  unit: 'segments',
  interval: 'interval',
  fields: ['hostname', 'tcpstack', 'direction'],
};
