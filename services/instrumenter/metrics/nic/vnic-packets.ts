/* nic.vnic_packets: VNIC packets sent and received. Observed by kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const vnicPackets: MetricDescription = {
  module: 'nic',
  stat: 'vnic_packets',
  label: 'VNIC packets sent and received',
  question: 'Which zone moves how many packets over the network?',
  unit: 'packets',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'direction'],
};
