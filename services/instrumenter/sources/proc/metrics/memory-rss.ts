/* memory.rss: pages in memory that processes have mapped, their own and those of files; by zone. */
import { meminfo, MEMINFO, memoryMetric, memoryStat } from '../memory';

export const memoryRss = memoryMetric({
  metric: 'memory.rss',
  kind: 'gauges',
  file: MEMINFO,
  zonesAreParts: true,
  ofMachine: (machine) => meminfo(machine, 'AnonPages') + meminfo(machine, 'Mapped'),
  ofZone(machine, zone, version) {
    const stat = memoryStat(machine, zone, version);
    const [anonymous, mapped] =
      version === 1 ? [stat('rss'), stat('mapped_file')] : [stat('anon'), stat('file_mapped')];
    return anonymous === undefined || mapped === undefined ? undefined : anonymous + mapped;
  },
});
