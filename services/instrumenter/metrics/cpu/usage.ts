/* cpu.usage: aggregated CPU usage. */
import type { MetricDescription } from '../language/description';
import { numbersIn } from '../../sources/proc/cgroups';
import { columns, needsFile, numberAt } from '../../sources/proc/metric';
import { zoneRows } from '../../sources/proc/zone-rows';
import { ZONE_MISC, zoneOf } from '../../sources/kstat/zones';

const STAT = '/proc/stat';
/** Ticks of /proc are hundredths of a second, whatever the kernel's own are. */
const TICK_NS = 1e7;

export const usage: MetricDescription = {
  module: 'cpu',
  stat: 'usage',
  label: 'aggregated CPU usage',
  question: "Which container or service uses the CPUs, and how much of it is the kernel's work for it?",
  synonyms: [
    'cpu usage',
    'container',
    'docker',
    'podman',
    'lxc',
    'k8s',
    'kubernetes',
    'pod',
    'cgroup',
    'systemd',
    'service',
    'top',
    'utilization',
    'throttling',
  ],
  unit: 'percent of 1 CPU',
  interval: 'point',
  forms: { cpumode: { values: ['user', 'kernel'] } },
  fields: ['hostname', 'zonename', 'cpumode'],
  // Percent of one CPU, by zone, in user mode and in the kernel. The global zone is what containers and services
  // leave of the machine.
  proc: {
    fields: ['zonename', 'cpumode'],
    missing: needsFile(STAT),
    rows: zoneRows({
      controller: 'cpuacct',
      kind: 'counters',
      zonesAreParts: true,
      ofMachine({ files }) {
        // "cpu  user nice system idle iowait irq softirq …"; the CPUs follow one by one.
        const parts = columns(files.read(STAT)?.split('\n')[0] ?? '');
        const at = (column: number): number => numberAt(parts, column) * TICK_NS;
        return { user: at(1) + at(2), kernel: at(3) + at(6) + at(7) };
      },
      ofZone({ files }, { folder }, version) {
        if (version === 1) {
          const user = files.read(`${folder}/cpuacct.usage_user`);
          const kernel = files.read(`${folder}/cpuacct.usage_sys`);
          return user === undefined || kernel === undefined
            ? undefined
            : { user: Number(user), kernel: Number(kernel) };
        }
        const stat = numbersIn(files.read(`${folder}/cpu.stat`));
        const [user, kernel] = [stat.get('user_usec'), stat.get('system_usec')];
        return user === undefined || kernel === undefined
          ? undefined
          : { user: user * 1000, kernel: kernel * 1000 };
      },
    }),
    measure: {
      kind: 'counter',
      points: ({ fields }, increase, nanoseconds) =>
        ['user', 'kernel'].map((cpumode) => ({
          fields: { ...fields, cpumode },
          value: Math.floor((100 * (increase[cpumode] ?? 0)) / nanoseconds),
        })),
    },
  },
  // Percent of one CPU, by zone, in user mode and in the kernel.
  kstat: {
    fields: ['zonename', 'cpumode'],
    select: ZONE_MISC,
    names: zoneOf,
    counters: (data) => ({ user: data('nsec_user'), kernel: data('nsec_sys') }),
    measure: {
      kind: 'counter',
      points: ({ fields }, { snaptime = 0, ...increase }) =>
        ['user', 'kernel'].map((cpumode) => ({
          fields: { ...fields, cpumode },
          value: snaptime === 0 ? 0 : Math.floor((100 * (increase[cpumode] ?? 0)) / snaptime),
        })),
    },
  },
};
