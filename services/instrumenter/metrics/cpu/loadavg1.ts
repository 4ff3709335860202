/* cpu.loadavg1: 1-minute load average. */
import type { MetricDescription } from '../language/description';
import { columns, needsFile, numberAt } from '../../sources/proc/metric';
import { GAUGE } from '../../sources/kstat/metric';
import { ZONE_MISC, zoneOf } from '../../sources/kstat/zones';

const LOADAVG = '/proc/loadavg';

export const loadavg1: MetricDescription = {
  module: 'cpu',
  stat: 'loadavg1',
  label: '1-minute load average',
  question: 'Is there more to do than there are CPUs?',
  synonyms: ['load', 'load average', 'uptime', 'top'],
  type: 'number',
  interval: 'point',
  fields: ['hostname', 'zonename'],
  // Tasks that run, are ready to run, or wait for a disk, over about a minute.
  proc: {
    fields: [],
    missing: needsFile(LOADAVG),
    rows: ({ files }) => [
      { key: '', fields: {}, gauges: { load: numberAt(columns(files.read(LOADAVG) ?? ''), 0) } },
    ],
    measure: { kind: 'gauge', points: ({ gauges }) => [{ fields: {}, value: gauges?.['load'] ?? 0 }] },
  },
  // Fixed-point, 256 is one thread ready to run.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MISC,
    names: zoneOf,
    gauges: (data) => ({ n: data('avenrun_1min') / 256 }),
    measure: GAUGE,
  },
};
