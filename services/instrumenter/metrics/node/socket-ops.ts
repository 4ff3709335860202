/* node.socket_ops: each read and write of a socket by a Node.js program. */
import { ILLUMOS_PROCESS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';
import { CONNECTION } from '../node-program';

export const socketOps: MetricDescription = {
  module: 'node',
  stat: 'socket_ops',
  label: 'socket operations',
  question: 'How much goes over which connection, and does it pile up?',
  synonyms: ['socket', 'network', 'nodejs', 'throughput'],
  unit: 'operations',
  interval: 'interval',
  fields: [...FAMILY_FIELDS, 'optype', 'raddr', 'rport', 'size', 'buffered'],
  dtrace: {
    illumos: [
      {
        probes: ['node*:::net-socket-read', 'node*:::net-socket-write'],
        count: {
          fields: {
            ...ILLUMOS_PROCESS,
            optype: 'probename == "net-socket-read" ? "read" : "write"',
            raddr: `${CONNECTION}->remoteAddress`,
            rport: { integer: `${CONNECTION}->remotePort` },
            size: 'arg1',
            buffered: `${CONNECTION}->bufferSize`,
          },
        },
      },
    ],
  },
};
