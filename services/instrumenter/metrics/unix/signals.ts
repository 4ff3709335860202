/* unix.signals: each signal that is sent, by who sends it, to whom, and which. */
import { SIGNALS } from '../../../../common/model/names/signals';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { any, argument, bits, cast, choose, equal, member, task } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { fieldsOfTask, nameOfProcess } from '../process';

/** Real-time signals print in decimal. */
const SIGNAL_NAMES = tableOfNames(SIGNALS.map((name, i) => [name, i + 1] as const));

const info = argument(1);
/** Instead of a siginfo: sent by the kernel itself, with or without a program as the sender. */
const PRIVATE = 1;
const SIGALRM = 14;
/** Sent by a timer, a file that is ready, or I/O that is complete. */
const IN_NOBODYS_NAME = [-2, -4, -5, -6];
const code = bits(member(cast(info, 'kernel_siginfo'), 'si_code'), 0xffff_ffff);

/** A timer may fire while any program runs: the sender is the program that set it, which also receives the signal. */
const isOwn = choose(
  equal(info, PRIVATE),
  equal(argument(0), SIGALRM),
  any(...IN_NOBODYS_NAME.map((n) => equal(code, n + 2 ** 32))),
);
const receiver = argument('task_struct');
const sender = cast(choose(isOwn, receiver, task), 'task_struct');

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
              ...fieldsOfTask(sender),
              signal: named(argument(0), SIGNAL_NAMES),
              texecname: nameOfProcess(receiver),
            },
          },
        ],
      },
    ],
  },
};
