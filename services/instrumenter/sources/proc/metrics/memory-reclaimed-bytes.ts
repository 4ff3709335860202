/*
 * memory.reclaimed_bytes: pages taken back because memory was short, or a limit reached; by zone where control groups
 * count it (version 2), else all of it in the global zone.
 */
import { memoryMetric, memoryStat, vmstat, VMSTAT } from '../memory';

export const memoryReclaimedBytes = memoryMetric({
  metric: 'memory.reclaimed_bytes',
  kind: 'counters',
  file: VMSTAT,
  zonesAreParts: true,
  ofMachine: (machine) =>
    vmstat(machine, 'pgsteal_kswapd', 'pgsteal_direct', 'pgsteal_khugepaged', 'pgsteal_proactive') *
    machine.pageBytes,
  ofZone: (machine, zone, version) => {
    const pages = version === 1 ? undefined : memoryStat(machine, zone, version)('pgsteal');
    return pages === undefined ? undefined : pages * machine.pageBytes;
  },
});
