/* tcp.lifetimes: each TCP connection that ends, how long it was open and what went through it. */
import type { MetricDescription } from '../language/description';
import {
  all,
  argument,
  bits,
  cast,
  either,
  hostname,
  kept,
  member,
  minus,
  not,
  now,
  plus,
  shiftRight,
} from '../language/expression';
import { tracepoint } from '../language/observation';
import { subsecond } from '../process';
import { addresses, isState, isTcp } from './socket';

const sock = argument('sock');
const before = argument(1);
const after = argument(2);
const counters = cast(sock, 'tcp_sock');
/** Without retransmissions. Older kernels have the acknowledged bytes, in which SYN and FIN count as a byte each. */
const sent = either(
  minus(member(counters, 'bytes_sent'), member(counters, 'bytes_retrans')),
  member(counters, 'bytes_acked'),
);
/** SOCK_DONE of the socket’s flags: the other side's FIN has come, which counts as a byte. */
const finished = bits(shiftRight(member(sock, '__sk_common.skc_flags'), 1), 1);
const received = minus(member(counters, 'bytes_received'), finished);

export const lifetimes: MetricDescription = {
  module: 'tcp',
  stat: 'lifetimes',
  label: 'connections that ended',
  question: 'Are connections kept and used, or opened anew for each request?',
  synonyms: [
    'connection',
    'keep-alive',
    'connection pool',
    'redis',
    'memcached',
    'session',
    'tcplife',
    'network',
    'socket',
    'bytes sent',
  ],
  unit: 'connections',
  interval: 'interval',
  misses: ['connections that were open before anybody asked'],
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
            // A connection that was never established has no lifetime.
            when: all(
              isState(after, 'closed'),
              not(isState(before, 'closed', 'listening', 'synSent', 'synReceived')),
              isTcp(sock),
            ),
            fields: {
              hostname,
              ...addresses(sock),
              duration: minus(now, kept('start')),
              bytes: plus(sent, received),
              subsecond,
            },
          },
        ],
      },
    ],
  },
};
