/* vm.thread_samples: 99 times a second on each CPU: is it running a virtual machine? */
import { SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';

export const vmThreadSamples: MetricDescription = {
  module: 'vm',
  stat: 'thread_samples',
  label: 'thread samples',
  question: 'Which virtual machine, and what inside it, keeps CPUs busy?',
  synonyms: ['kvm', 'virtual machine', 'guest', 'cpu usage', 'profile'],
  unit: 'samples',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'subsecond', 'vmmmuctx'],
  dtrace: {
    illumos: [
      {
        probes: ['profile:::profile-99hz'],
        when: 'execname == "qemu-system-x86_"',
        count: {
          fields: {
            zonename: 'zonename',
            subsecond: SUBSECOND,
            // The guest's page table identifies its processes.
            vmmmuctx: 'lltostr(vmregs[VMX_GUEST_CR3], 16)',
          },
        },
      },
    ],
    linux: [
      {
        probes: ['profile:::profile-99hz'],
        // Names are 15 bytes long there.
        when: 'stringof(curthread->group_leader->comm) == "qemu-system-x86"',
        count: { fields: { subsecond: SUBSECOND } },
      },
    ],
  },
};
