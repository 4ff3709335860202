/* nic.bytes: bytes over each network interface. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const bytes: MetricDescription = {
  module: 'nic',
  stat: 'bytes',
  label: 'bytes sent and received',
  question: 'How much goes over the network, and over which interface?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'nic', 'direction'],
};
