/* memory.oom_kills: each process that the kernel kills because memory has run out. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { argument } from '../language/expression';
import { tracepoint } from '../language/observation';
import { fieldsOfTask } from '../process';

/** Linux 6.8 and older pass the process's number only, which is not enough for its fields. */
const victim = argument('task_struct');

export const oomKills: MetricDescription = {
  module: 'memory',
  stat: 'oom_kills',
  label: 'out-of-memory kills',
  question: 'Whom did the kernel kill to have memory again?',
  synonyms: ['oom', 'oom killer', 'out of memory', 'killed', 'oomkilled', 'container', 'pod', 'k8s'],
  unit: 'processes',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'subsecond'],
  bpf: {
    probes: [{ at: tracepoint('mark_victim'), steps: [{ kind: 'count', fields: fieldsOfTask(victim) }] }],
  },
};
