/* memory.swap: virtual memory reserved. */
import type { MetricDescription } from '../language/description';
import { meminfo, MEMINFO, memoryPart, memoryStat } from '../../sources/proc/memory';
import { GAUGE } from '../../sources/kstat/metric';
import { ZONE_MEMORY, zoneOf } from '../../sources/kstat/zones';

export const swap: MetricDescription = {
  module: 'memory',
  stat: 'swap',
  label: 'virtual memory reserved',
  question: 'Which container or service has been put out to swap?',
  synonyms: ['swap', 'swapping', 'container', 'cgroup', 'vmstat'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
  // Bytes swapped out, by zone.
  proc: memoryPart({
    kind: 'gauges',
    file: MEMINFO,
    zonesAreParts: true,
    ofMachine: (machine) => meminfo(machine, 'SwapTotal') - meminfo(machine, 'SwapFree'),
    ofZone(machine, zone, version) {
      if (version === 1) return memoryStat(machine, zone, version)('swap');
      const current = machine.files.read(`${zone.folder}/memory.swap.current`);
      return current === undefined ? undefined : Number(current);
    },
  }),
  // Bytes of swap that each zone has reserved.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    gauges: (data) => ({ n: data('swap') }),
    measure: GAUGE,
  },
};
