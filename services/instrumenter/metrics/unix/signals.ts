/* unix.signals: each signal that is sent, by who sends it, to whom, and which. */
import { SIGNALS } from '../../../../common/model/signals';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { nameOfProcess, RUNNING } from '../process';

/** Those of real time print in decimal. */
const SIGNAL_NAMES = tableOfNames(SIGNALS.map((name, i) => [name, i + 1] as const));

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
              signal: named(argument(0), SIGNAL_NAMES),
              texecname: nameOfProcess(argument('task_struct')),
            },
          },
        ],
      },
    ],
  },
};
