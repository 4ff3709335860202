/* tcp.retransmits: each segment of TCP that is sent again, by the connection it belongs to. */
import type { MetricDescription } from '../language/description';
import { argument, hostname } from '../language/expression';
import { tracepoint } from '../language/observation';
import { subsecond } from '../process';
import { addresses } from './socket';

export const retransmits: MetricDescription = {
  module: 'tcp',
  stat: 'retransmits',
  label: 'retransmits',
  question: 'Towards which machines are packets lost?',
  synonyms: [
    'packet loss',
    'retransmission',
    'lost packets',
    'network problem',
    'tcpretrans',
    'rtt',
    'slow network',
  ],
  unit: 'segments',
  interval: 'interval',
  fields: ['hostname', 'raddr', 'rport', 'lport', 'subsecond', 'zonename'],
  bpf: {
    probes: [
      {
        at: tracepoint('tcp_retransmit_skb'),
        steps: [{ kind: 'count', fields: { hostname, ...addresses(argument('sock')), subsecond } }],
      },
    ],
  },
};
