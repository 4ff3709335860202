/* vm.exits: exits. Observed by kstat (illumos). */
import type { MetricDescription } from '../language/description';

export const exits: MetricDescription = {
  module: 'vm',
  stat: 'exits',
  label: 'exits',
  question: 'What makes virtual CPUs leave the guest?',
  unit: 'exits',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'vleavereason', 'vcpuid'],
};
