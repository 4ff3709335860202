/* memory.page_faults: each time a program touches memory that is not mapped in yet, or not for writing. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import {
  type Expression,
  all,
  argument,
  below,
  bits,
  choose,
  equal,
  kept,
  result,
  unequal,
} from '../language/expression';
import { tableOfNames } from '../language/names';
import { kernelEntry, kernelReturn, type Probe, type Step, named, tracepoint } from '../language/observation';
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
  on: 'x64',
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

/** FAULT_FLAG_… and VM_FAULT_RETRY of the kernel's memory management. */
const FLAG = { write: 0x1, tried: 0x20, instruction: 0x100 };
const RETRY = 0x400;
/** Without registers nobody touched anything: the kernel asks for the page itself. */
const isTouched = unequal(argument(3), 0);
const flags = argument(2);

const handled = (flags: Expression): Extract<Step, { kind: 'count' }>['fields'] => ({
  ...RUNNING,
  optype: named(
    choose(
      unequal(bits(flags, FLAG.instruction), 0),
      EXECUTE,
      choose(unequal(bits(flags, FLAG.write), 0), WRITE, 0),
    ),
    OPERATIONS,
  ),
});

/** Where the processor has no tracepoints of its own. The kernel says when it tries again (all of them before Linux 6.4). */
const byEntry: Probe = {
  on: 'arm64',
  at: kernelEntry('handle_mm_fault'),
  steps: [
    {
      kind: 'count',
      when: all(isTouched, equal(bits(flags, FLAG.tried), 0)),
      fields: handled(flags),
    },
  ],
};

/** The same, at the end of the last try. */
const byReturn: readonly Probe[] = [
  {
    on: 'arm64',
    at: { ...kernelEntry('handle_mm_fault'), mayWait: true },
    steps: [{ kind: 'keep', by: 'thread', when: isTouched, values: { flags } }],
  },
  {
    on: 'arm64',
    at: { ...kernelReturn('handle_mm_fault'), mayWait: true },
    steps: [
      {
        kind: 'count',
        by: 'thread',
        when: equal(bits(result, RETRY), 0),
        fields: handled(kept('flags')),
      },
    ],
  },
];

const tracepoints: readonly Probe[] = [
  probe('page_fault_user'),
  // In a system call: the kernel reads or writes the program's memory.
  probe('page_fault_kernel', below(argument(0), USER_END)),
];

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
    probes: [...tracepoints, byEntry],
    rather: { probes: [...tracepoints, ...byReturn] },
  },
};
