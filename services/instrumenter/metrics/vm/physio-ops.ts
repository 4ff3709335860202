/* vm.physio_ops: each disk request of a virtual machine, once it is done. */
import { SINCE_START, span } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { ILLUMOS_ERRNO_NAMES } from '../illumos-errnos';

export const vmPhysioOps: MetricDescription = {
  module: 'vm',
  stat: 'physio_ops',
  label: 'disk I/O operations',
  question: 'Is the disk slow for a virtual machine, and for which requests?',
  synonyms: ['kvm', 'virtual machine', 'guest', 'disk latency', 'iops', 'slow disk'],
  unit: 'operations',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'optype', 'latency', 'size', 'offset', 'errno'],
  dtrace: {
    illumos: span({
      from: ['sdt:::zvol-uio-start'],
      to: ['sdt:::zvol-uio-done'],
      by: 'thread',
      keep: {
        start: 'timestamp',
        size: '((uio_t *)arg1)->uio_resid',
        offset: '((uio_t *)arg1)->_uio_offset._f',
      },
      fields: {
        zonename: 'zonename',
        optype: 'arg2 == 1 ? "write" : "read"',
        latency: SINCE_START,
        size: '{size}',
        offset: '{offset}',
        errno: { integer: 'arg3', names: ILLUMOS_ERRNO_NAMES },
      },
    }),
  },
};
