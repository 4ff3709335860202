/* zfs.arc_ops: each look into the cache of ZFS. */
import { ILLUMOS_PROCESS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { FAMILY_FIELDS } from '../language/fields';
import { needsFile } from '../../sources/proc/metric';
import type { Measure } from '../../sources/snapshots';

/** Of OpenZFS on Linux: a line "name type value" for each number. */
const ARCSTATS = '/proc/spl/kstat/zfs/arcstats';

const HITS_AND_MISSES: Measure = {
  kind: 'counter',
  points: (_row, increase) =>
    ['hit', 'miss'].map((optype) => ({ fields: { optype }, value: increase[optype] ?? 0 })),
};

function statOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+\\d+\\s+(\\d{1,20})$`, 'm').exec(text)?.[1] ?? 0);
}

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
  proc: {
    fields: ['optype'],
    missing: needsFile(ARCSTATS, ': the module of ZFS is not loaded'),
    rows: ({ files }) => {
      const text = files.read(ARCSTATS) ?? '';
      return [{ key: '', fields: {}, counters: { hit: statOf(text, 'hits'), miss: statOf(text, 'misses') } }];
    },
    measure: HITS_AND_MISSES,
  },
  // What was, and what was not, in the cache of ZFS.
  kstat: {
    fields: ['optype'],
    select: { module: 'zfs', class: 'misc', name: 'arcstats' },
    names: () => ({}),
    counters: (data) => ({ hit: data('hits'), miss: data('misses') }),
    measure: HITS_AND_MISSES,
  },
};
