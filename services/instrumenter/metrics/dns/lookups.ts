/* dns.lookups: each name that a program asks the C library to find addresses for, once it is answered. */
import { argument, bits, kept, now, result, userText } from '../language/expression';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { tableOfNames } from '../language/names';
import { named } from '../language/observation';
import { RUNNING, sinceStart } from '../process';
import { entry, LIBC, returnOf, userMoment } from '../user';

/** EAI_* of <netdb.h>, as the unsigned 32 bits that a register holds; the same in glibc and musl. */
const STATUS = tableOfNames(
  [
    ['found', 0],
    ['EAI_BADFLAGS', -1],
    ['EAI_NONAME', -2],
    ['EAI_AGAIN', -3],
    ['EAI_FAIL', -4],
    ['EAI_NODATA', -5],
    ['EAI_FAMILY', -6],
    ['EAI_SOCKTYPE', -7],
    ['EAI_SERVICE', -8],
    ['EAI_MEMORY', -10],
    ['EAI_SYSTEM', -11],
    ['EAI_OVERFLOW', -12],
  ].map(([name, code]) => [String(name), Number(code) >>> 0] as const),
);

/** Including the NUL: longer names are cut. */
const NAME_BYTES = 96;

export const dnsLookups: MetricDescription = {
  module: 'dns',
  stat: 'lookups',
  label: 'name lookups',
  question: 'Which names do programs ask for, and do they wait for the answers?',
  synonyms: [
    'dns',
    'resolver',
    'getaddrinfo',
    'name resolution',
    'hostname',
    'nslookup',
    'slow dns',
    'coredns',
    'NXDOMAIN',
    'EAI_NONAME',
  ],
  misses: [
    'programs that do not ask through the C library’s getaddrinfo',
    'the end of names longer than 95 bytes',
  ],
  unit: 'lookups',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'name', 'status', 'latency', 'subsecond'],
  bpf: {
    probes: [
      {
        at: userMoment(LIBC, entry('getaddrinfo')),
        steps: [{ kind: 'keep', by: 'thread', values: { start: now, name: argument(0) } }],
      },
      {
        at: userMoment(LIBC, returnOf('getaddrinfo')),
        steps: [
          {
            kind: 'count',
            by: 'thread',
            fields: {
              ...RUNNING,
              // Read now: the function itself has just read it, so its page is in memory.
              name: userText(kept('name'), NAME_BYTES),
              status: named(bits(result, 0xffff_ffff), STATUS),
              latency: sinceStart,
            },
          },
        ],
      },
    ],
  },
};
