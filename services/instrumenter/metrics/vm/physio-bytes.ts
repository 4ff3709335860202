/* vm.physio_bytes: bytes that virtual machines read from and write to their disks. */
import type { MetricDescription } from '../language/description';

export const vmPhysioBytes: MetricDescription = {
  module: 'vm',
  stat: 'physio_bytes',
  label: 'disk bytes read and written',
  question: 'Which virtual machine moves how much?',
  synonyms: ['kvm', 'virtual machine', 'guest', 'disk', 'throughput', 'bandwidth'],
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'optype'],
  dtrace: {
    illumos: [
      {
        probes: ['sdt:::zvol-uio-start'],
        count: {
          amount: '((uio_t *)arg1)->uio_resid',
          fields: { zonename: 'zonename', optype: 'arg2 == 1 ? "write" : "read"' },
        },
      },
    ],
  },
};
