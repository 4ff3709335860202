/* cpu.cpus from /proc/stat: one point per CPU that is online, with the share of its time that it was busy. */
import type { Row } from '../../snapshots';
import { columns, needsFile, numberAt, type ProcMetric } from '../metric';

const STAT = '/proc/stat';

/** Columns: user nice system idle iowait irq softirq steal; guest time is within user and nice. */
function row(line: string): Row {
  const parts = columns(line);
  const at = (column: number): number => numberAt(parts, column);
  const cpu = (parts[0] ?? '').slice('cpu'.length);
  return {
    key: cpu,
    fields: { cpu },
    counters: {
      busy: at(1) + at(2) + at(3) + at(6) + at(7),
      // Together, because iowait alone may go back (a task that waited wakes on another CPU).
      idle: at(4) + at(5),
      // Somebody else's time: neither busy nor idle, but passed.
      steal: at(8),
    },
  };
}

export const cpuCpus: ProcMetric = {
  metric: 'cpu.cpus',
  fields: ['cpu', 'utilization'],
  missing: needsFile(STAT),
  rows: ({ files }) =>
    (files.read(STAT) ?? '')
      .split('\n')
      .filter((line) => /^cpu\d/.test(line))
      .map(row),
  measure: {
    kind: 'counter',
    points({ fields }, { busy = 0, idle = 0, steal = 0 }) {
      // Of the ticks that passed on this CPU, not of the interval: ticks are 10 ms, a second has 99 to 101.
      const passed = busy + idle + steal;
      const utilization = passed === 0 ? 0 : Math.floor((100 * busy) / passed);
      return [{ fields: { ...fields, utilization }, value: 1 }];
    },
  },
};
