/*
 * cpu.usage from /proc/stat and the control groups: percent of one CPU, by zone, in user mode and in the kernel.
 * The global zone is what containers and services leave of the machine.
 */
import { numbersIn } from '../cgroups';
import { columns, needsFile, numberAt, type ProcMetric } from '../metric';
import { zoneRows } from '../zone-rows';

const STAT = '/proc/stat';
/** Ticks of /proc are hundredths of a second, whatever the kernel's own are. */
const TICK_NS = 1e7;

export const cpuUsage: ProcMetric = {
  metric: 'cpu.usage',
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
};
