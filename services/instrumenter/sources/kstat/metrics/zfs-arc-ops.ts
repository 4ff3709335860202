/* zfs.arc_ops from kstat: what was, and what was not, in the cache of ZFS. */
import type { KstatMetric } from '../metric';

export const zfsArcOps: KstatMetric = {
  metric: 'zfs.arc_ops',
  fields: ['optype'],
  select: { module: 'zfs', class: 'misc', name: 'arcstats' },
  names: () => ({}),
  counters: (data) => ({ hit: data('hits'), miss: data('misses') }),
  measure: {
    kind: 'counter',
    points: (_row, increase) =>
      ['hit', 'miss'].map((optype) => ({ fields: { optype }, value: increase[optype] ?? 0 })),
  },
};
