/* memory.page_faults: each time a program touches memory that is not mapped in yet, or not for writing. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { type Expression, argument, below, bits, choose, unequal } from '../language/expression';
import { tableOfNames } from '../language/names';
import { type Probe, named, tracepoint } from '../language/observation';
import { RUNNING } from '../process';

/** Bits of the processor's error code (x86; the tracepoint is its own). */
const WRITE = 0x2;
const EXECUTE = 0x10;
const code = argument(2);
const OPERATIONS = tableOfNames([
  ['read', 0],
  ['write', WRITE],
  ['execute', EXECUTE],
]);

/** Addresses from here up belong to the kernel. */
const USER_END = 2 ** 47;

const probe = (name: string, when?: Expression): Probe => ({
  at: tracepoint(name),
  steps: [
    {
      kind: 'count',
      ...(when === undefined ? {} : { when }),
      fields: {
        ...RUNNING,
        optype: named(
          choose(unequal(bits(code, EXECUTE), 0), EXECUTE, choose(unequal(bits(code, WRITE), 0), WRITE, 0)),
          OPERATIONS,
        ),
      },
    },
  ],
});

export const pageFaults: MetricDescription = {
  module: 'memory',
  stat: 'page_faults',
  label: 'page faults',
  question: 'Which program grows, starts or comes back from disk, page by page?',
  synonyms: [
    'page fault',
    'minor fault',
    'major fault',
    'memory growth',
    'mmap',
    'allocation',
    'leak',
    'malloc',
  ],
  unit: 'page faults',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'optype', 'subsecond'],
  bpf: {
    probes: [
      probe('page_fault_user'),
      // In a system call: the kernel reads or writes the program's memory.
      probe('page_fault_kernel', below(argument(0), USER_END)),
    ],
  },
};
