/* unix.proc_execs: each program that is started, under its new name. */
import { ILLUMOS_PROCESS, LINUX_PROCESS, SUBSECOND } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { tracepoint } from '../language/observation';
import { RUNNING } from '../process';

export const procExecs: MetricDescription = {
  module: 'unix',
  stat: 'proc_execs',
  label: 'process execs',
  question: 'Which programs are started all the time, and by whom?',
  synonyms: [
    'exec',
    'execsnoop',
    'process start',
    'command',
    'cron',
    'shell',
    'short-lived process',
    'spawn',
  ],
  unit: 'processes',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'subsecond'],
  bpf: {
    probes: [{ at: tracepoint('sched_process_exec'), steps: [{ kind: 'count', fields: RUNNING }] }],
  },
  dtrace: {
    illumos: [
      {
        probes: ['proc:::exec-success'],
        count: { fields: { ...ILLUMOS_PROCESS, subsecond: SUBSECOND } },
      },
    ],
    linux: [
      {
        probes: ['rawtp:::sched_process_exec'],
        count: { fields: { ...LINUX_PROCESS, subsecond: SUBSECOND } },
      },
    ],
  },
};
