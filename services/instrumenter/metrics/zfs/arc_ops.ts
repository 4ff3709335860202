/* zfs.arc_ops: each look into the cache of ZFS. */
import { ILLUMOS_PROCESS } from '../clause';
import type { MetricDescription } from '../description';
import { PROCESS_FIELDS } from '../fields';

export const arcOps: MetricDescription = {
  module: 'zfs',
  stat: 'arc_ops',
  label: 'ARC operations',
  why: 'Do reads find their data in memory, and whose do not?',
  unit: 'operations',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'optype'],
  dtrace: {
    illumos: [
      {
        probes: ['sdt:::arc-hit', 'sdt:::arc-miss'],
        count: { fields: { ...ILLUMOS_PROCESS, optype: 'probename == "arc-hit" ? "hit" : "miss"' } },
      },
    ],
  },
};
