/* cpu.thread_samples: 99 times a second on each CPU: which thread is running, and in which function? */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { instruction, processId, thread, unequal } from '../language/expression';
import { sample } from '../language/observation';
import { RUNNING } from '../process';

export const threadSamples: MetricDescription = {
  module: 'cpu',
  stat: 'thread_samples',
  label: 'thread samples',
  question: 'Who uses the CPUs, and for what?',
  synonyms: [
    'profile',
    'profiler',
    'flame graph',
    'perf',
    'on-cpu',
    'hot function',
    'cpu usage',
    'top',
    'who uses the cpu',
  ],
  misses: ['what runs between two samples: 99 a second on each CPU'],
  unit: 'samples',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'function', 'subsecond'],
  bpf: {
    probes: [
      {
        at: sample(99),
        // The idle thread is the absence of threads.
        steps: [
          {
            kind: 'count',
            when: unequal(thread, 0),
            fields: { ...RUNNING, function: { kind: 'function', process: processId, instruction } },
          },
        ],
      },
    ],
  },
  dtrace: {
    illumos: [
      {
        probes: ['profile:::profile-99hz'],
        // The idle thread is the absence of threads.
        when: 'curthread->t_pri != -1',
        count: { fields: { ...ILLUMOS_PROCESS, subsecond: SUBSECOND } },
      },
    ],
    linux: [
      {
        probes: ['profile:::profile-99hz'],
        when: 'tid != 0',
        count: { fields: { ...LINUX_PROCESS, subsecond: SUBSECOND } },
      },
    ],
  },
};
