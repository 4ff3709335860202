/* cpu.loadavg1 from /proc/loadavg: tasks that run, are ready to run, or wait for a disk, over about a minute. */
import { columns, needsFile, numberAt, type ProcMetric } from '../metric';

const LOADAVG = '/proc/loadavg';

export const cpuLoadavg1: ProcMetric = {
  metric: 'cpu.loadavg1',
  fields: [],
  missing: needsFile(LOADAVG),
  rows: ({ files }) => [
    { key: '', fields: {}, gauges: { load: numberAt(columns(files.read(LOADAVG) ?? ''), 0) } },
  ],
  measure: { kind: 'gauge', points: ({ gauges }) => [{ fields: {}, value: gauges?.['load'] ?? 0 }] },
};
