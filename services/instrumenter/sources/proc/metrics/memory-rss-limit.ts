/* memory.rss_limit: how much each zone may hold; zones without a limit are left out. Global: all there is. */
import { limitIn, meminfo, MEMINFO, memoryMetric } from '../memory';

export const memoryRssLimit = memoryMetric({
  metric: 'memory.rss_limit',
  kind: 'gauges',
  file: MEMINFO,
  zonesAreParts: false,
  ofMachine: (machine) => meminfo(machine, 'MemTotal'),
  ofZone: ({ files }, { folder }, version) =>
    limitIn(files, `${folder}/${version === 1 ? 'memory.limit_in_bytes' : 'memory.max'}`),
});
