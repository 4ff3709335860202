/* tcp.connects: each TCP connection that a program opens or tries to open. */
import { ILLUMOS_PROCESS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import {
  all,
  argument,
  choose,
  equal,
  hostname,
  kept,
  member,
  minus,
  not,
  now,
  processId,
  task,
} from '../language/expression';
import { isInternet, raddr, rport } from '../illumos-address';
import { commandOf, named, pair, tracepoint } from '../language/observation';
import { subsecond } from '../process';
import { nameWords } from '../language/name-words';
import { SHORT_NAMES } from '../language/words';
import { addresses, isState, isTcp } from './socket';
import { ERRNO_NAMES } from '../errnos';

const sock = argument('sock');
const before = argument(1);
const after = argument(2);
const name = nameWords('group_leader.comm');
const threadName = nameWords('comm');
const parent = nameWords('real_parent.group_leader.comm');

/** The program does not wait for the answer; the socket itself has no error then. */
const ECANCELED = 125;
const error = member(sock, 'sk_err');
const failure = choose(isState(after, 'closed'), choose(equal(error, 0), ECANCELED, error), 0);

export const connects: MetricDescription = {
  module: 'tcp',
  stat: 'connects',
  label: 'connects',
  misses: ['connects that fail before a packet is sent (no route, no free port)', 'UDP, and other protocols'],
  question: 'Which program connects to where?',
  synonyms: [
    'connection',
    'outgoing',
    'connect',
    'connection refused',
    'ECONNREFUSED',
    'ETIMEDOUT',
    'timeout',
    'port',
    'network',
    'socket',
    'client',
    'upstream',
  ],
  unit: 'connects',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'raddr', 'rport', 'lport', 'errno', 'latency', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('inet_sock_set_state'),
        steps: [
          {
            kind: 'keep',
            by: sock,
            when: all(isState(after, 'synSent'), isTcp(sock)),
            // When the answer arrives, any other program may be running.
            values: {
              start: now,
              pid: processId,
              ppid: member(task, 'real_parent.tgid'),
              name: name[0],
              nameEnd: name[1],
              thread: threadName[0],
              threadEnd: threadName[1],
              parent: parent[0],
              parentEnd: parent[1],
            },
          },
          {
            kind: 'count',
            by: sock,
            when: all(isState(before, 'synSent'), not(isState(after, 'synSent')), isTcp(sock)),
            fields: {
              hostname,
              execname: pair(kept('name'), kept('nameEnd'), SHORT_NAMES),
              threadname: pair(kept('thread'), kept('threadEnd'), SHORT_NAMES),
              pid: kept('pid'),
              ppid: kept('ppid'),
              pexecname: pair(kept('parent'), kept('parentEnd'), SHORT_NAMES),
              psargs: commandOf(kept('pid')),
              ppsargs: commandOf(kept('ppid')),
              ...addresses(sock),
              errno: named(failure, ERRNO_NAMES),
              latency: minus(now, kept('start')),
              subsecond,
            },
          },
        ],
      },
    ],
  },
  dtrace: {
    // The call, not the tcp provider: only the call runs in the program's context.
    illumos: [
      { probes: ['syscall::connect:entry'], keep: { by: 'thread', values: { address: 'arg1' } } },
      {
        probes: ['syscall::connect:return'],
        when: `(int)arg1 == 0 && ${isInternet}`,
        count: { by: 'thread', fields: { ...ILLUMOS_PROCESS, raddr, rport } },
      },
    ],
    linux: [
      {
        probes: ['tcp:::connect-established'],
        count: { fields: { raddr: 'args[3]->tcps_raddr', rport: { integer: 'args[3]->tcps_rport' } } },
      },
    ],
  },
};
