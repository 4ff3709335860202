/* memory.reclaimed_bytes: excess memory reclaimed. */
import type { MetricDescription } from '../language/description';
import { memoryPart, memoryStat, vmstat, VMSTAT } from '../../sources/proc/memory';
import { COUNTER } from '../../sources/kstat/metric';
import { ZONE_MEMORY, zoneOf } from '../../sources/kstat/zones';

export const reclaimedBytes: MetricDescription = {
  module: 'memory',
  stat: 'reclaimed_bytes',
  label: 'excess memory reclaimed',
  question: 'Whose memory had to be taken back?',
  synonyms: ['reclaim', 'kswapd', 'memory shortage', 'page cache', 'vmstat'],
  type: 'size',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
  // Pages reclaimed because memory was short, or a limit reached; by zone where control groups count it (version
  // 2), else all of it in the global zone.
  proc: memoryPart({
    kind: 'counters',
    file: VMSTAT,
    zonesAreParts: true,
    // By what the pages held: the counters by who reclaimed them omit pages reclaimed for limits of control groups.
    // Kernels before 5.8 have only the latter.
    ofMachine: (machine) =>
      (vmstat(machine, 'pgsteal_anon', 'pgsteal_file') ||
        vmstat(machine, 'pgsteal_kswapd', 'pgsteal_direct', 'pgsteal_khugepaged', 'pgsteal_proactive')) *
      machine.pageBytes,
    ofZone: (machine, zone, version) => {
      const pages = version === 1 ? undefined : memoryStat(machine, zone, version)('pgsteal');
      return pages === undefined ? undefined : pages * machine.pageBytes;
    },
  }),
  // Bytes paged out because a zone had more than its limit.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    counters: (data) => ({ n: data('pagedout') }),
    measure: COUNTER,
  },
};
