/* lock.waits: each time a thread of a program had to wait for a lock, or a condition, that is made of a futex. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { any, bits, equal, not } from '../language/expression';
import { named } from '../language/observation';
import { ERRNO_NAMES } from '../errnos';
import { RUNNING } from '../process';
import { callNumber, eachCallOf, error, isOneOf, secondArgument } from '../syscall/call';

/** Operations of <linux/futex.h> that wait, without the flags of private memory and of the clock. */
const WAITS = { wait: 0, lockPi: 6, waitBitset: 9, waitRequeuePi: 11, lockPi2: 13 };
const OPERATION = 0x7f;

export const lockWaits: MetricDescription = {
  module: 'lock',
  stat: 'waits',
  label: 'lock waits',
  question: 'Which programs wait for their own locks, and how long?',
  synonyms: [
    ...[
      'lock',
      'mutex',
      'futex',
      'contention',
      'lock contention',
      'condition variable',
      'semaphore',
      'deadlock',
    ],
    ...['blocked', 'off-cpu', 'slow'],
  ],
  misses: [
    'locks that are free, or become so while a program spins: they never reach the kernel',
    'which lock it is, and who holds it; threads that wait for work do so in the same way as those that wait for a lock',
    'a wait that has not ended yet: syscall.inflight has it',
  ],
  unit: 'waits',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'errno', 'latency', 'subsecond'],
  bpf: {
    probes: eachCallOf(['futex', 'futex_wait', 'futex_waitv'], {
      onlyMade: true,
      when: [
        any(
          not(isOneOf(callNumber, ['futex'])),
          ...Object.values(WAITS).map((operation) => equal(bits(secondArgument, OPERATION), operation)),
        ),
      ],
      fields: { ...RUNNING, errno: named(error, ERRNO_NAMES) },
    }),
  },
};
