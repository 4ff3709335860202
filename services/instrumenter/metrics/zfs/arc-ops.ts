/* zfs.arc_ops: each look into the cache of ZFS. */
import { ILLUMOS_PROCESS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';

export const arcOps: MetricDescription = {
  module: 'zfs',
  stat: 'arc_ops',
  label: 'ARC operations',
  question: 'Do reads find their data in memory, and whose do not?',
  synonyms: ['zfs', 'arc', 'cache hit', 'cache miss', 'hit rate'],
  unit: 'operations',
  interval: 'interval',
  fields: [...FAMILY_FIELDS, 'optype'],
  dtrace: {
    illumos: [
      {
        probes: ['sdt:::arc-hit', 'sdt:::arc-miss'],
        count: { fields: { ...ILLUMOS_PROCESS, optype: 'probename == "arc-hit" ? "hit" : "miss"' } },
      },
    ],
  },
  // What was, and what was not, in the cache of ZFS.
  kstat: {
    fields: ['optype'],
    select: { module: 'zfs', class: 'misc', name: 'arcstats' },
    names: () => ({}),
    counters: (data) => ({ hit: data('hits'), miss: data('misses') }),
    measure: {
      kind: 'counter',
      points: (_row, increase) =>
        ['hit', 'miss'].map((optype) => ({ fields: { optype }, value: increase[optype] ?? 0 })),
    },
  },
};
