/* memory.pressure from pressure stall information: nanoseconds in which some, or all, tasks waited for memory. */
import { needsFile, type ProcMetric } from '../metric';
import { pressurePath, pressureRows } from '../pressure';

export const memoryPressure: ProcMetric = {
  metric: 'memory.pressure',
  fields: ['zonename', 'stalled'],
  missing: needsFile(
    pressurePath('memory'),
    ' (a kernel with pressure stall information, not booted with psi=0)',
  ),
  dear: ['zonename'],
  rows: pressureRows('memory'),
  measure: {
    kind: 'counter',
    // The time in which all waited is within that in which some did: apart, they add up to it.
    points: ({ fields }, { some = 0, full = 0 }) => [
      { fields: { ...fields, stalled: 'some tasks' }, value: Math.max(some - full, 0) },
      { fields: { ...fields, stalled: 'all tasks' }, value: full },
    ],
  },
};
