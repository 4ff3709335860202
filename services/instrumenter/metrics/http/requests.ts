/*
 * http.requests: each request of plain HTTP/1 that a program has received or made, when the answer to it begins. From the
 * calls of 64-bit programs on TCP sockets alone; of what they move only the first bytes are read.
 */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import {
  all,
  argument,
  below,
  bits,
  byArch,
  cast,
  choose,
  equal,
  kept,
  lift,
  member,
  minus,
  now,
  plus,
  userNumber,
  word,
  words,
  type Expression,
} from '../language/expression';
import { named, rewritten, tracepoint, type Step } from '../language/observation';
import { DECIMALS, tableOfNames } from '../language/names';
import { fileOf } from '../fs/open-file';
import { RUNNING, sinceStart } from '../process';
import { isOwnCallOf, numberAtEntry, numberAtExit, registers, result } from '../syscall/call';
import { addresses, isState, isTcp } from '../tcp/socket';
import { message, METHODS, PATH_WORDS, prefixOf } from './message';

const SENDS = { plain: ['write', 'sendto'], vector: ['writev'], header: ['sendmsg'] };
const RECEIVES = { plain: ['read', 'recvfrom'], vector: ['readv'], header: ['recvmsg'] };
const SERVER = 1;
const CLIENT = 2;
const SIDES = tableOfNames([
  ['server', SERVER],
  ['client', CLIENT],
]);

const descriptor = byArch({ x64: member(registers, 'di'), arm64: member(registers, 'orig_x0') });
const given = byArch({ x64: member(registers, 'si'), arm64: word(registers, 'regs', 8) });
/** msg_iov of struct msghdr. */
const IOV_AT = 16;

/** The first bytes that a call moves. */
const bytesOf = (number: Expression, { vector, header }: typeof SENDS): Expression =>
  choose(
    isOwnCallOf(number, vector),
    userNumber(given),
    choose(isOwnCallOf(number, header), userNumber(userNumber(plus(given, IOV_AT))), given),
  );

const { file, isOpen } = fileOf(descriptor);
const SOCKET = 0xc000;
const isSocket = equal(bits(member(file, 'f_inode.i_mode'), 0xf000), SOCKET);
const sock = cast(member(cast(member(file, 'private_data'), 'socket'), 'sk'), 'sock');

/** A request that is sent is a client's, its answer comes in; one that comes in is a server's. */
function steps(
  number: Expression,
  calls: typeof SENDS,
  requestIs: number,
  moved: Expression,
): readonly Step[] {
  const {
    isMessage,
    isRequest,
    isResponse,
    isFinal,
    method,
    status,
    words: head,
  } = message(bytesOf(number, calls));
  const mayBe = [isOwnCallOf(number, Object.values(calls).flat()), moved, isMessage];
  const isConnection = [isOpen, isSocket, isTcp(sock)];
  const answered = requestIs === SERVER ? CLIENT : SERVER;
  return [
    {
      kind: 'count',
      by: sock,
      when: all(...mayBe, isResponse, isFinal, ...isConnection),
      provided: equal(kept('side'), answered),
      fields: {
        ...addresses(sock),
        ...RUNNING,
        http_side: named(kept('side'), SIDES),
        http_method: named(kept('method'), METHODS),
        http_prefix: rewritten(
          words(...Array.from({ length: PATH_WORDS }, (_, i) => kept(`word${i}`))),
          prefixOf,
        ),
        http_status: named(status, DECIMALS),
        latency: sinceStart,
      },
    },
    {
      kind: 'keep',
      by: sock,
      when: all(...mayBe, isRequest, ...isConnection),
      values: { start: now, side: lift(requestIs), method, ...head },
    },
  ];
}

const LONGEST = 2 ** 31;

export const httpRequests: MetricDescription = {
  module: 'http',
  stat: 'requests',
  label: 'requests',
  question: 'Which paths of which program are slow, as its clients see them, or as it waits for others?',
  synonyms: [
    ...['http', 'web', 'nginx', 'apache', 'httpd', 'haproxy', 'envoy', 'api', 'rest', 'url', 'path', 'route'],
    ...[
      'endpoint',
      'request',
      'response time',
      'status',
      '404',
      '500',
      '502',
      '504',
      'p99',
      'tls',
      'https',
      'ssl',
      'upstream',
      'slow',
    ],
  ],
  misses: [
    'what is encrypted: TLS, and HTTP/2 and HTTP/3; requests through Unix sockets',
    'of requests that are sent before the first is answered (pipelining) all but one; requests without an answer',
    'the time of the body of the answer: it ends where its head begins',
    'programs that use io_uring or sendfile for the head of a message, and programs of 32 bits',
    'of a path what lies deeper than three names, or behind 48 bytes; identifiers in it count as one',
  ],
  unit: 'requests',
  interval: 'interval',
  fields: [
    ...PROCESS_FIELDS,
    'http_side',
    'http_method',
    'http_prefix',
    'http_status',
    'raddr',
    'rport',
    'lport',
    'latency',
    'subsecond',
  ],
  bpf: {
    probes: [
      { at: tracepoint('sys_enter'), steps: steps(numberAtEntry, SENDS, CLIENT, lift(1)) },
      {
        at: tracepoint('sys_exit'),
        steps: steps(numberAtExit, RECEIVES, SERVER, below(minus(result, 1), LONGEST)),
      },
      {
        at: tracepoint('inet_sock_set_state'),
        steps: [{ kind: 'forget', by: argument('sock'), when: isState(argument(2), 'closed') }],
      },
    ],
  },
};
