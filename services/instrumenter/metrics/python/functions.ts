/* python.functions: each call of a function that is written in Python, where the interpreter was built with probes. */
import { argument, userText } from '../language/expression';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { RUNNING } from '../process';
import { PYTHON, usdt, userMoment } from '../user';

export const pythonFunctions: MetricDescription = {
  module: 'python',
  stat: 'functions',
  label: 'function calls',
  question: 'Which functions does a program call, and how often?',
  synonyms: ['python', 'profile', 'function'],
  misses: ['functions of Python 3.11 and later', 'the end of names longer than 63 bytes'],
  unit: 'calls',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'function', 'file', 'subsecond'],
  bpf: {
    probes: [
      {
        at: userMoment(PYTHON, usdt('python', 'function__entry')),
        steps: [
          {
            kind: 'count',
            fields: { ...RUNNING, file: userText(argument(0), 128), function: userText(argument(1), 64) },
          },
        ],
      },
    ],
  },
};
