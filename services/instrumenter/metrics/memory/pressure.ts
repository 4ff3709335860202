/* memory.pressure: time stalled for lack of memory. */
import type { MetricDescription } from '../language/description';
import { needsFile } from '../../sources/proc/metric';
import { pressurePath, pressureRows } from '../../sources/proc/pressure';

export const pressure: MetricDescription = {
  module: 'memory',
  stat: 'pressure',
  label: 'time stalled for lack of memory',
  question: 'For how long did work stand still because memory was short?',
  synonyms: ['psi', 'pressure stall', 'memory shortage', 'thrashing', 'swap', 'oom'],
  type: 'time',
  interval: 'interval',
  forms: { stalled: { values: ['some tasks', 'all tasks'] } },
  fields: ['hostname', 'zonename', 'stalled'],
  // Nanoseconds in which some, or all, tasks waited for memory.
  proc: {
    fields: ['zonename', 'stalled'],
    missing: needsFile(
      pressurePath('memory'),
      ' (a kernel with pressure stall information, not booted with psi=0)',
    ),
    costly: ['zonename'],
    rows: pressureRows('memory'),
    measure: {
      kind: 'counter',
      // The time in which all waited is part of the time in which some did: the two parts add up to the latter.
      points: ({ fields }, { some = 0, full = 0 }) => [
        { fields: { ...fields, stalled: 'some tasks' }, value: Math.max(some - full, 0) },
        { fields: { ...fields, stalled: 'all tasks' }, value: full },
      ],
    },
  },
};
