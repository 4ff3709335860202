/* vm.irqs: each interrupt that KVM hands to a virtual machine. */
import { SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const irqs: MetricDescription = {
  module: 'vm',
  stat: 'irqs',
  label: 'interrupt requests',
  question: 'Which virtual machine is interrupted how often?',
  synonyms: ['kvm', 'virtual machine', 'guest', 'interrupt'],
  unit: 'requests',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'irqvector', 'subsecond'],
  dtrace: {
    illumos: [
      {
        probes: ['sdt:::kvm-inj-virq'],
        count: { fields: { zonename: 'zonename', irqvector: { integer: 'arg0' }, subsecond: SUBSECOND } },
      },
    ],
  },
};
