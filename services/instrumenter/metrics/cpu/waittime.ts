/* cpu.waittime: aggregated wait time. */
import type { MetricDescription } from '../language/description';
import { hostname } from '../language/expression';
import { WAIT, WAITED, waits } from './runqueue-waits';
import { columns, needsFile, numberAt } from '../../sources/proc/metric';
import { pressurePath, pressureRows } from '../../sources/proc/pressure';
import { COUNTER } from '../../sources/kstat/metric';
import { ZONE_MISC, zoneOf } from '../../sources/kstat/zones';

const SCHEDSTAT = '/proc/schedstat';
/** "cpu0 0 0 0 0 0 0 running waiting timeslices": nanoseconds, in versions 15 to 17 alike. */
const WAITING = 8;

const { zonename, execname, pid } = WAITED;

export const waittime: MetricDescription = {
  module: 'cpu',
  stat: 'waittime',
  label: 'aggregated wait time',
  question: 'How long were threads ready to run and had no CPU?',
  synonyms: [
    'run queue',
    'psi',
    'pressure',
    'cpu saturation',
    'cpu starvation',
    'container',
    'cgroup',
    'throttle',
    'throttling',
  ],
  type: 'time',
  interval: 'interval',
  fields: ['hostname', 'zonename', 'execname', 'pid'],
  misses: [
    'a wait that has not ended yet: it counts when its thread gets a CPU',
    'where only pressure stall information can be read: threads that wait at the same time count once',
  ],
  bpf: { probes: waits({ amount: WAIT, fields: { hostname, zonename, execname, pid } }) },
  // How long threads were ready to run but were not running. From /proc/schedstat where the kernel has it: the sum over all
  // threads, exact, for the machine as a whole. Elsewhere from pressure stall information: the time in which at
  // least one waited, by zone. A machine uses one of the two only, so that its numbers can be compared.
  proc: [
    {
      fields: [],
      missing: needsFile(SCHEDSTAT),
      rows: ({ files }) =>
        (files.read(SCHEDSTAT) ?? '')
          .split('\n')
          .filter((line) => /^cpu\d/.test(line))
          .map(columns)
          .map((parts) => ({
            key: parts[0] ?? '',
            fields: {},
            counters: { waiting: numberAt(parts, WAITING) },
          })),
      measure: { kind: 'counter', points: (_row, { waiting = 0 }) => [{ fields: {}, value: waiting }] },
    },
    {
      fields: ['zonename'],
      missing: (machine) =>
        machine.files.read(SCHEDSTAT) === undefined
          ? needsFile(pressurePath('cpu'))(machine)
          : 'read from /proc/schedstat here',
      costly: ['zonename'],
      rows: pressureRows('cpu'),
      measure: { kind: 'counter', points: ({ fields }, { some = 0 }) => [{ fields, value: some }] },
    },
  ],
  // Nanoseconds that threads waited for a CPU.
  kstat: {
    fields: ['zonename'],
    select: ZONE_MISC,
    names: zoneOf,
    counters: (data) => ({ n: data('nsec_waitrq') }),
    measure: COUNTER,
  },
};
