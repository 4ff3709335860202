/* nic.nics: NICs. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const nics: MetricDescription = {
  module: 'nic',
  stat: 'nics',
  label: 'NICs',
  question: 'Is one network interface busier than the others?',
  unit: 'NICs',
  interval: 'point',
  fields: ['hostname', 'nic', 'packets', 'packets_in', 'packets_out', 'bytes', 'bytes_read', 'bytes_write'],
};
