/* tcp.errors: errors. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const errors: MetricDescription = {
  module: 'tcp',
  stat: 'errors',
  label: 'errors',
  question: 'Does TCP have to repeat, refuse or give up?',
  unit: 'errors',
  interval: 'interval',
  fields: ['hostname', 'tcpstack', 'errtype'],
};
