/* memory.reclaims: each time a program that allocates memory has to reclaim some first, and how long that takes. */
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { lift, now } from '../language/expression';
import { tableOfNames } from '../language/names';
import { named, tracepoint } from '../language/observation';
import { RUNNING, sinceStart } from '../process';

const begin = [{ kind: 'keep', by: 'thread', values: { start: now } }] as const;
const MACHINE = 0;
const CONTAINER = 1;
const SPACES = tableOfNames([
  ['machine', MACHINE],
  ['container', CONTAINER],
]);
const end = (space: number) =>
  [
    {
      kind: 'count',
      by: 'thread',
      fields: { ...RUNNING, space: named(lift(space), SPACES), latency: sinceStart },
    },
  ] as const;

export const reclaims: MetricDescription = {
  module: 'memory',
  stat: 'reclaims',
  label: 'direct reclaims',
  question: 'Do programs stand still because memory is short: the machine’s, or their container’s?',
  synonyms: [
    'direct reclaim',
    'kswapd',
    'memory shortage',
    'allocation stall',
    'memory limit',
    'cgroup',
    'container',
    'oom',
  ],
  unit: 'reclaims',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'space', 'latency', 'subsecond'],
  bpf: {
    probes: [
      { at: tracepoint('mm_vmscan_direct_reclaim_begin'), steps: begin },
      { at: tracepoint('mm_vmscan_direct_reclaim_end'), steps: end(MACHINE) },
      { at: tracepoint('mm_vmscan_memcg_reclaim_begin'), steps: begin },
      { at: tracepoint('mm_vmscan_memcg_reclaim_end'), steps: end(CONTAINER) },
    ],
  },
};
