/*
 * Cases of what the machine does for its programs: CPUs, interrupts, devices. In: a machine, a size. Out: two numbers, as cases.ts has them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { MetricName } from '../../common/model/metric';
import { amount, counts, inFolder, mine, ranged, sleep, UNSEEN, type Case } from './case';
import { both, is } from './measure';
import { run, withPerl } from './workload';

/** Reads a level, and asks the witness before and after. */
function level(metric: MetricName, witness: string, tolerance: number, witnessed: () => number): Case {
  return {
    metric,
    witness,
    tolerance,
    async run(machine) {
      const before = witnessed();
      const [, [answer]] = await machine.during([{ metric }], () => sleep(1000));
      const after = witnessed();
      return [amount(answer), Math.min(before, after), Math.max(before, after)];
    },
  };
}

/** The program prints a number of /proc/self before and after; both ends of its life are left out. */
const grown = (read: string, work: string): string =>
  `sub number { ${read} } my $before = number(); ${work} print number() - $before`;
const SWITCHES =
  'open(my $s, "<", "/proc/self/status"); my $n = 0; while (<$s>) { $n += $1 if /ctxt_switches:\\s+(\\d+)/ } $n';
const TIMESLICES = 'open(my $s, "<", "/proc/self/schedstat"); (split / /, <$s>)[2]';
const naps = (n: number): string => `for (1..${n}) { select(undef, undef, undef, 0.002) }`;

/** Interrupts of devices on all CPUs. */
function deviceInterrupts(): number {
  const lines = readFileSync('/proc/interrupts', 'utf8').split('\n').slice(1);
  return lines
    .filter((line) => /^\s*\d+:/.test(line))
    .flatMap((line) =>
      line
        .trim()
        .split(/\s+/)
        .slice(1, 1 + availableParallelism()),
    )
    .reduce((sum, word) => sum + (/^\d+$/.test(word) ? Number(word) : 0), 0);
}

/** Waits for a futex that nobody wakes. */
const FUTEX = process.arch === 'x64' ? 202 : 98;
const futexWaits = (n: number): string =>
  `my $word = pack("l", 0); my $ms = pack("qq", 0, 1_000_000); for (1..${n}) { syscall(${FUTEX}, $word, 128, 0, $ms, 0, 0) }`;

export const KERNEL_CASES: readonly Case[] = [
  {
    metric: 'syscall.inflight',
    witness: 'programs that wait in a read',
    tolerance: 0,
    run(machine, size) {
      const many = Math.min(size, 20);
      // All of them wait for the same pipe, the first one too.
      return withPerl(
        `my @p = map { my $p = fork; if ($p == 0) { sysread(STDIN, my $b, 1); exit 0 } $p } 2..${many}; print "ready\\n"; sysread(STDIN, my $b, 1)`,
        async () => {
          // Until the last of them has come so far.
          await sleep(1000);
          const where = both(mine, is('syscall', 'read'));
          const [, [answer]] = await machine.during([{ metric: 'syscall.inflight', where }], () =>
            sleep(100),
          );
          return [amount(answer), many] as const;
        },
      );
    },
  },
  counts('lock.waits', futexWaits),
  counts('cpu.offcpu_waits', futexWaits, { where: both(mine, is('waitreason', 'lock')) }),
  counts(
    'unix.thr_creates',
    (n) => `use threads; for (1..${Math.min(n, 100)}) { threads->create(sub { 1 })->join }`,
    {
      each: (n) => Math.min(n, 100),
    },
  ),
  counts('cpu.thread_executions', (n) => grown(SWITCHES, naps(2 * n)), {
    witness: '/proc/self/status, context switches',
    tolerance: 0.1,
  }),
  counts('cpu.runqueue_waits', (n) => grown(TIMESLICES, naps(2 * n)), {
    witness: '/proc/self/schedstat, timeslices',
    tolerance: 0.1,
  }),
  // 297 samples of a thread that shares its CPU: their standard deviation is up to 6 %.
  counts(
    'cpu.thread_samples',
    () =>
      `sub ran { open(my $s, "<", "/proc/self/schedstat"); (split / /, <$s>)[0] / 1e9 } 1 while ran() < 3; printf "%d", 99 * ran()`,
    { witness: '99 times the program’s seconds on a CPU, by /proc/self/schedstat', tolerance: 0.2 },
  ),
  {
    metric: 'cpu.irqs',
    witness: '/proc/interrupts, devices',
    tolerance: UNSEEN,
    run: (machine, size) =>
      inFolder((folder) =>
        machine.beside({ metric: 'cpu.irqs' }, deviceInterrupts, async () => {
          const of = `of=${join(folder, 'data')}`;
          // Without a disk below it counts what there is.
          await run(
            'dd',
            'if=/dev/zero',
            of,
            'bs=4k',
            `count=${10 * size}`,
            'status=none',
            'oflag=direct',
          ).catch(() => sleep(3000));
        }),
      ).then(ranged),
  },
  level('cpu.loadavg1', '/proc/loadavg', 0.05, () =>
    Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
  ),
  level('cpu.cpus', 'CPUs', 0, availableParallelism),
  level(
    'disk.disks',
    'disks with a device, in /sys/block',
    0,
    () => readdirSync('/sys/block').filter((name) => existsSync(`/sys/block/${name}/device`)).length,
  ),
  level(
    'nic.nics',
    'interfaces with a device, in /sys/class/net',
    0,
    () => readdirSync('/sys/class/net').filter((name) => existsSync(`/sys/class/net/${name}/device`)).length,
  ),
  {
    metric: 'cpu.usage',
    witness: '/proc/stat, hundredths of a second',
    tolerance: 0.1,
    async run(machine) {
      const busy = (): number => {
        const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
          readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
        )
          .split(/\s+/)
          .slice(1)
          .map(Number);
        return user + nice + system + irq + softirq;
      };
      // Busy for longer than anybody looks: the two do not begin and end at the same time.
      return withPerl(
        'my $p = fork; if ($p == 0) { alarm 60; 1 while 1 } print "ready\\n"; <STDIN>; kill "KILL", $p; waitpid $p, 0',
        async () => {
          await sleep(300);
          const [percent, [answer]] = await machine.during([{ metric: 'cpu.usage' }], async () => {
            const [from, before] = [performance.now(), busy()];
            await sleep(3000);
            return ((busy() - before) * 1000) / (performance.now() - from);
          });
          return [amount(answer), percent] as const;
        },
      );
    },
  },
];
