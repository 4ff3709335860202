/* tcp.lifetimes: each TCP connection that ends, how long it was open and what went through it. */
import type { MetricDescription } from '../language/description';
import { all, argument, cast, hostname, kept, member, minus, not, now, plus } from '../language/expression';
import { tracepoint } from '../language/observation';
import { subsecond } from '../process';
import { addresses, isState, isTcp } from './socket';

const sock = argument('sock');
const before = argument(1);
const after = argument(2);
const counters = cast(sock, 'tcp_sock');

export const lifetimes: MetricDescription = {
  module: 'tcp',
  stat: 'lifetimes',
  label: 'connections that ended',
  question: 'Are connections kept and used, or opened anew for each request?',
  synonyms: [
    'connection',
    'keep-alive',
    'connection pool',
    'session',
    'tcplife',
    'network',
    'socket',
    'bytes sent',
  ],
  unit: 'connections',
  interval: 'interval',
  fields: ['hostname', 'raddr', 'rport', 'lport', 'duration', 'bytes', 'subsecond', 'zonename'],
  bpf: {
    probes: [
      {
        at: tracepoint('inet_sock_set_state'),
        steps: [
          {
            kind: 'keep',
            by: sock,
            when: all(isState(after, 'established'), isTcp(sock)),
            values: { start: now },
          },
          {
            kind: 'count',
            by: sock,
            // What was never established has no life to tell of.
            when: all(
              isState(after, 'closed'),
              not(isState(before, 'closed', 'listening', 'synSent', 'synReceived')),
              isTcp(sock),
            ),
            fields: {
              hostname,
              ...addresses(sock),
              duration: minus(now, kept('start')),
              // What the other side has confirmed, and what it has sent.
              bytes: plus(member(counters, 'bytes_acked'), member(counters, 'bytes_received')),
              subsecond,
            },
          },
        ],
      },
    ],
  },
};
