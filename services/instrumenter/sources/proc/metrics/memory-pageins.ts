/* memory.pageins: faults for which a page had to be read from a disk (major faults), by zone. */
import { memoryMetric, memoryStat, vmstat, VMSTAT } from '../memory';

export const memoryPageins = memoryMetric({
  metric: 'memory.pageins',
  kind: 'counters',
  file: VMSTAT,
  zonesAreParts: true,
  ofMachine: (machine) => vmstat(machine, 'pgmajfault'),
  ofZone: (machine, zone, version) => memoryStat(machine, zone, version)('pgmajfault'),
});
