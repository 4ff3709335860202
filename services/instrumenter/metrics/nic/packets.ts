/* nic.packets: packets sent and received. Observed by /proc (Linux) and kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const packets: MetricDescription = {
  module: 'nic',
  stat: 'packets',
  label: 'packets sent and received',
  question: 'How many packets go over the network, and over which interface?',
  unit: 'packets',
  interval: 'interval',
  fields: ['hostname', 'nic', 'direction'],
};
