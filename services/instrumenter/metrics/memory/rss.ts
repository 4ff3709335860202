/* memory.rss: resident set size. */
import type { MetricDescription } from '../language/description';
import { meminfo, MEMINFO, memoryPart, memoryStat } from '../../sources/proc/memory';
import { GAUGE } from '../../sources/kstat/metric';
import { ZONE_MEMORY, zoneOf } from '../../sources/kstat/zones';

export const rss: MetricDescription = {
  module: 'memory',
  stat: 'rss',
  label: 'resident set size',
  question: 'Which container or service holds how much memory?',
  synonyms: [
    'memory usage',
    'ram',
    'resident',
    'container',
    'docker',
    'podman',
    'lxc',
    'k8s',
    'kubernetes',
    'pod',
    'cgroup',
    'leak',
    'working set',
    'top',
  ],
  type: 'size',
  interval: 'point',
  fields: ['hostname', 'zonename'],
  // Pages in memory that processes have mapped, their own and those of files; by zone.
  proc: memoryPart({
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
  }),
  // Bytes that each zone has in memory.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    gauges: (data) => ({ n: data('rss') }),
    measure: GAUGE,
  },
};
