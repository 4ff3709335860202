/* nic.vnic_bytes: VNIC bytes sent and received. Observed by kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const vnicBytes: MetricDescription = {
  module: 'nic',
  stat: 'vnic_bytes',
  label: 'VNIC bytes sent and received',
  question: 'Which zone moves how much over the network?',
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'direction'],
};
