/* memory.swap_limit: how much swap each zone may take; zones without a limit are left out. Global: all there is. */
import { limitIn, meminfo, MEMINFO, memoryMetric } from '../memory';

export const memorySwapLimit = memoryMetric({
  metric: 'memory.swap_limit',
  kind: 'gauges',
  file: MEMINFO,
  zonesAreParts: false,
  ofMachine: (machine) => meminfo(machine, 'SwapTotal'),
  ofZone({ files }, { folder }, version) {
    if (version === 2) return limitIn(files, `${folder}/memory.swap.max`);
    // Version 1 limits memory and swap together.
    const both = limitIn(files, `${folder}/memory.memsw.limit_in_bytes`);
    const memory = limitIn(files, `${folder}/memory.limit_in_bytes`);
    return both === undefined || memory === undefined ? undefined : both - memory;
  },
});
