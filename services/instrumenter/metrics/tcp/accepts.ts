/* tcp.accepts: each TCP connection that a program accepts. */
import { ILLUMOS_PROCESS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { all, argument, hostname } from '../language/expression';
import { isInternet, raddr, rport } from '../illumos-address';
import { tracepoint } from '../language/observation';
import { subsecond } from '../process';
import { addresses, isState, isTcp } from './socket';

const sock = argument('sock');

export const accepts: MetricDescription = {
  module: 'tcp',
  stat: 'accepts',
  label: 'accepts',
  question: 'Who connects to this machine, and to which program?',
  synonyms: [
    'connection',
    'incoming',
    'client',
    'server',
    'listen',
    'accept',
    'network',
    'socket',
    'handshake',
    'nginx',
    'redis',
  ],
  misses: ['whether a program has taken the connection: it counts when the handshake is done'],
  unit: 'accepts',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'raddr', 'rport', 'lport', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('inet_sock_set_state'),
        steps: [
          {
            kind: 'count',
            // The third packet of the handshake arrives without a program running; which one it belongs to is known later.
            when: all(isState(argument(1), 'synReceived'), isState(argument(2), 'established'), isTcp(sock)),
            fields: { hostname, ...addresses(sock), subsecond },
          },
        ],
      },
    ],
  },
  dtrace: {
    // The call, not the tcp provider: only the call runs in the program's context.
    illumos: [
      { probes: ['syscall::accept:entry'], keep: { by: 'thread', values: { address: 'arg1' } } },
      {
        probes: ['syscall::accept:return'],
        when: `(int)arg1 >= 0 && ${isInternet}`,
        count: { by: 'thread', fields: { ...ILLUMOS_PROCESS, raddr, rport } },
      },
    ],
    linux: [
      {
        probes: ['tcp:::accept-established'],
        count: { fields: { raddr: 'args[3]->tcps_raddr', rport: { integer: 'args[3]->tcps_rport' } } },
      },
    ],
  },
};
