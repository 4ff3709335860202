/* memory.swap: bytes put out to swap, by zone. */
import { meminfo, MEMINFO, memoryMetric, memoryStat } from '../memory';

export const memorySwap = memoryMetric({
  metric: 'memory.swap',
  kind: 'gauges',
  file: MEMINFO,
  zonesAreParts: true,
  ofMachine: (machine) => meminfo(machine, 'SwapTotal') - meminfo(machine, 'SwapFree'),
  ofZone(machine, zone, version) {
    if (version === 1) return memoryStat(machine, zone, version)('swap');
    const current = machine.files.read(`${zone.folder}/memory.swap.current`);
    return current === undefined ? undefined : Number(current);
  },
});
