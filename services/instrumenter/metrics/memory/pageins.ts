/* memory.pageins: each time a program had to wait for a page from a disk. */
import type { MetricDescription } from '../language/description';
import { memoryPart, memoryStat, vmstat, VMSTAT } from '../../sources/proc/memory';
import { COUNTER } from '../../sources/kstat/metric';
import { ZONE_MEMORY, zoneOf } from '../../sources/kstat/zones';

export const pageins: MetricDescription = {
  module: 'memory',
  stat: 'pageins',
  label: 'page-ins',
  question: 'Who waits for pages to come from a disk?',
  synonyms: ['swap', 'swapping', 'paging', 'major fault', 'thrashing', 'vmstat'],
  misses: ['pages that are read along with the one that is waited for', 'reads and writes by system calls'],
  unit: 'major faults',
  interval: 'interval',
  fields: ['hostname', 'zonename'],
  // Faults for which a page had to be read from a disk (major faults), by zone.
  proc: memoryPart({
    kind: 'counters',
    file: VMSTAT,
    zonesAreParts: true,
    ofMachine: (machine) => vmstat(machine, 'pgmajfault'),
    ofZone: (machine, zone, version) => memoryStat(machine, zone, version)('pgmajfault'),
  }),
  // Pages read back for each zone.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MEMORY,
    names: zoneOf,
    counters: (data) => ({ n: data('pgpgin') }),
    measure: COUNTER,
  },
};
