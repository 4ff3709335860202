/* unix.signals: each signal that is sent, by who sends it, to whom, and which. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { nameOfProcess, RUNNING } from '../process';

/** Numbers 1 to 31, alike on x86 and arm64; those of real time print in decimal. */
const SIGNALS = tableOfNames(
  (
    'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT ' +
    'CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
  )
    .split(' ')
    .map((name, i) => [`SIG${name}`, i + 1] as const),
);

export const signals: MetricDescription = {
  module: 'unix',
  stat: 'signals',
  label: 'signals',
  question: 'Who stops, kills or wakes whom?',
  synonyms: ['signal', 'kill', 'SIGKILL', 'SIGTERM', 'SIGSEGV', 'crash', 'killsnoop'],
  unit: 'signals',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'signal', 'texecname', 'subsecond'],
  bpf: {
    probes: [
      {
        at: tracepoint('signal_generate'),
        steps: [
          {
            kind: 'count',
            fields: {
              ...RUNNING,
              signal: named(argument(0), SIGNALS),
              texecname: nameOfProcess(argument('task_struct')),
            },
          },
        ],
      },
    ],
  },
};
