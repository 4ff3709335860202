/* memory.page_faults: each time a program touches memory that is not mapped in yet, or not for writing. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument, bits, choose, unequal } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
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
      {
        at: tracepoint('page_fault_user'),
        steps: [
          {
            kind: 'count',
            fields: {
              ...RUNNING,
              optype: named(
                choose(
                  unequal(bits(code, EXECUTE), 0),
                  EXECUTE,
                  choose(unequal(bits(code, WRITE), 0), WRITE, 0),
                ),
                OPERATIONS,
              ),
            },
          },
        ],
      },
    ],
  },
};
