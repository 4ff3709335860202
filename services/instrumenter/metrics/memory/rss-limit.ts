/* memory.rss_limit: maximum resident set size. */
import type { MetricDescription } from '../language/description';
import { limitIn, meminfo, MEMINFO, memoryPart } from '../../sources/proc/memory';
import { GAUGE } from '../../sources/kstat/metric';
import { ZONE_MEMORY, limitOrNothing, zoneOf } from '../../sources/kstat/zones';

export const rssLimit: MetricDescription = {
  module: 'memory',
  stat: 'rss_limit',
  label: 'maximum resident set size',
  question: 'How much memory may each container or service hold?',
  synonyms: ['memory limit', 'container', 'docker', 'k8s', 'kubernetes', 'pod', 'cgroup'],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
  // How much each zone may hold; zones without a limit are left out. Global: all there is.
  proc: memoryPart({
    kind: 'gauges',
    file: MEMINFO,
    zonesAreParts: false,
    ofMachine: (machine) => meminfo(machine, 'MemTotal'),
    ofZone: ({ files }, { folder }, version) =>
      limitIn(files, `${folder}/${version === 1 ? 'memory.limit_in_bytes' : 'memory.max'}`),
  }),
  // What each zone may have in memory; zones without a limit are left out.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    gauges: (data) => ({ n: limitOrNothing(data('physcap')) }),
    measure: GAUGE,
  },
};
