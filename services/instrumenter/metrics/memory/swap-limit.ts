/* memory.swap_limit: maximum virtual memory reserved. */
import type { MetricDescription } from '../language/description';
import { limitIn, meminfo, MEMINFO, memoryPart } from '../../sources/proc/memory';
import { GAUGE } from '../../sources/kstat/metric';
import { ZONE_MEMORY, limitOrNothing, zoneOf } from '../../sources/kstat/zones';

export const swapLimit: MetricDescription = {
  module: 'memory',
  stat: 'swap_limit',
  label: 'maximum virtual memory reserved',
  question: 'How much swap may each container or service take?',
  synonyms: ['swap', 'swap limit', 'container', 'cgroup'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
  // How much swap each zone may take; zones without a limit are left out. Global: all there is.
  proc: memoryPart({
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
  }),
  // What each zone may reserve; zones without a limit are left out.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    gauges: (data) => ({ n: limitOrNothing(data('swapcap')) }),
    measure: GAUGE,
  },
};
