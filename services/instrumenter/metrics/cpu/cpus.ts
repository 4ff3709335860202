/* cpu.cpus: one count per CPU, by how busy it was. */
import type { MetricDescription } from '../language/description';
import type { Row } from '../../sources/snapshots';
import { columns, needsFile, numberAt } from '../../sources/proc/metric';
import { percent } from '../measures';

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
      // Time that the hypervisor gave to another guest: neither busy nor idle, but elapsed.
      steal: at(8),
    },
  };
}

export const cpus: MetricDescription = {
  module: 'cpu',
  stat: 'cpus',
  label: 'CPUs',
  question: 'Is the load spread over the CPUs, or does one of them do all the work?',
  synonyms: ['cpu load', 'core', 'processor', 'utilization', 'busy', 'idle', 'mpstat', 'hot cpu', 'numa'],
  unit: 'CPUs',
  interval: 'point',
  fields: ['hostname', 'cpu', 'utilization'],
  // One point per CPU that is online, with the share of its time that it was busy.
  proc: {
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
        // Relative to the ticks that passed on this CPU, not to the interval: ticks are 10 ms, a second has 99 to 101.
        const passed = busy + idle + steal;
        const utilization = passed === 0 ? 0 : Math.floor((100 * busy) / passed);
        return [{ fields: { ...fields, utilization }, value: 1 }];
      },
    },
  },
  // One point per CPU, with the share of its time that it was busy.
  kstat: {
    fields: ['cpu', 'utilization'],
    select: { module: 'cpu', class: 'misc', name: 'sys' },
    names: ({ instance }) => ({ cpu: String(instance) }),
    counters: (data) => ({ busy: data('cpu_nsec_kernel') + data('cpu_nsec_user') }),
    measure: {
      kind: 'counter',
      points: ({ fields }, { busy = 0, snaptime = 0 }) => [
        { fields: { ...fields, utilization: percent(busy, snaptime) }, value: 1 },
      ],
    },
  },
};
