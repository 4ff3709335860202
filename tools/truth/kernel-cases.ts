/*
 * Cases of what the machine does for its programs: CPUs, interrupts, memory that runs out, networks of containers. In: a
 * machine, a size. Out: two numbers, as cases.ts has them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { MetricName } from '../../common/model/metric';
import { amount, counts, mine, sleep, type Case } from './case';
import { both, is, Unavailable, type Asked, type Machine } from './measure';
import { NAME, perl, run, TAKE_NAME } from './workload';

/** Reads a level once; `work` ends before that. */
function level(metric: MetricName, witness: string, tolerance: number, witnessed: () => number): Case {
  return {
    metric,
    witness,
    tolerance,
    async run(machine) {
      const [now, [answer]] = await machine.during([{ metric }], () => sleep(1000).then(witnessed));
      return [amount(answer), now];
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

/** A control group with this memory limit, for the time of a workload. */
async function limited<T>(bytes: number, work: (procs: string) => Promise<T>): Promise<T> {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const first = mounts.find(
    ([, , type, options]) => type === 'cgroup' && options?.split(',').includes('memory'),
  )?.[1];
  const second = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  const folder = `${first ?? second ?? ''}/${NAME}`;
  const file = `${folder}/${first === undefined ? 'memory.max' : 'memory.limit_in_bytes'}`;
  try {
    mkdirSync(folder);
    if (!existsSync(file)) throw new Error('it has no memory controller');
    writeFileSync(file, String(bytes));
  } catch (error) {
    throw new Unavailable(`no control group with a limit can be made here: ${String(error)}`);
  }
  try {
    return await work(`${folder}/cgroup.procs`);
  } finally {
    for (let i = 0; i < 50 && existsSync(folder); i++) {
      try {
        rmdirSync(folder);
      } catch {
        await sleep(20);
      }
    }
  }
}

/** In a network namespace of its own, with an interface that leads nowhere (the other end of a pair drops it): what is sent there is not answered. */
const NOWHERE =
  'ip link set lo up; ip link add nowhere type veth peer name void; sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set void up; ip addr add 10.99.0.1/24 dev nowhere; ip link set nowhere up; ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev nowhere';

async function checkNetwork(): Promise<void> {
  try {
    await run('unshare', '-n', 'sh', '-c', 'ip link add nowhere type veth peer name void');
  } catch (error) {
    throw new Unavailable(`no network of its own can be made here: ${String(error).slice(0, 100)}`);
  }
}

function inNetwork(script: string): Promise<string> {
  const program = `use strict; ${TAKE_NAME} ${script}`;
  return run('unshare', '-n', 'sh', '-c', `${NOWHERE}; exec perl -e "$0"`, program);
}

function sends(metric: MetricName, perDatagram: number): Case {
  return {
    metric,
    witness: 'datagrams that a program sends',
    tolerance: 0.02,
    async run(machine, size) {
      await checkNetwork();
      const asked: Asked = { metric, where: is('direction', 'sent') };
      // The namespace must be known before: its first snapshot yields nothing.
      const script = `use Socket; $| = 1; sleep 7; socket(my $s, PF_INET, SOCK_DGRAM, 0); my $to = sockaddr_in(9, inet_aton("10.99.0.2"));
        for (1..${4 * size}) { send($s, "x" x 100, 0, $to) } sleep 4`;
      const done = inNetwork(script);
      await sleep(6000);
      const [, [answer]] = await machine.during([asked], () => sleep(2500));
      await done;
      return [amount(answer), 4 * size * perDatagram];
    },
  };
}

export const KERNEL_CASES: readonly Case[] = [
  {
    metric: 'syscall.inflight',
    witness: 'programs that wait in a read',
    tolerance: 0,
    async run(machine, size) {
      const many = Math.min(size, 20);
      const done = perl(
        `pipe(my $r, my $w); my @p = map { my $p = fork; if ($p == 0) { sysread($r, my $b, 1); exit 0 } $p } 1..${many}; select(undef, undef, undef, 4); kill 'KILL', @p`,
      );
      await sleep(1500);
      const where = both(mine, is('syscall', 'read'));
      const [, [answer]] = await machine.during([{ metric: 'syscall.inflight', where }], () => sleep(100));
      await done;
      return [amount(answer), many];
    },
  },
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
    tolerance: 0.1,
    async run(machine) {
      const [made, [answer]] = await machine.during([{ metric: 'cpu.irqs' }], async () => {
        const before = deviceInterrupts();
        await sleep(3000);
        return deviceInterrupts() - before;
      });
      return [amount(answer), made];
    },
  },
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
      const [percent, [answer]] = await machine.during([{ metric: 'cpu.usage' }], async () => {
        const [from, before] = [performance.now(), busy()];
        await sleep(3000);
        return ((busy() - before) * 1000) / (performance.now() - from);
      });
      return [amount(answer), percent];
    },
  },
  {
    metric: 'memory.oom_kills',
    witness: 'programs that were killed',
    tolerance: 0,
    run: (machine: Machine) =>
      limited(16 * 2 ** 20, async (procs) => {
        const [killed, [answer]] = await machine.during([{ metric: 'memory.oom_kills', where: mine }], () =>
          perl(
            `my $n = 0; for (1..3) { my $p = fork; if ($p == 0) { open(my $f, ">", "${procs}"); syswrite($f, $$); close $f; my $x = "x" x 200_000_000; exit 0 } waitpid $p, 0; $n++ if ($? & 127) == 9 } print $n`,
          ),
        );
        return [amount(answer), Number(killed)] as const;
      }),
  },
  counts(
    'tcp.errors',
    (n) =>
      `use Socket; for (1..${4 * n}) { socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, sockaddr_in(1, INADDR_LOOPBACK)) and die }`,
    { where: is('errtype', 'failed connection attempt'), tolerance: 0.05, each: (n) => 4 * n },
  ),
  {
    metric: 'tcp.retransmits',
    witness: 'RetransSegs of a network of its own',
    tolerance: 0,
    async run(machine) {
      await checkNetwork();
      const script = `use Socket; my @s; for (1..20) { socket(my $s, PF_INET, SOCK_STREAM | 2048, 0); connect($s, sockaddr_in(9, inet_aton("10.99.0.2"))); push @s, $s }
        sleep 5; open(my $f, "<", "/proc/self/net/snmp"); my @l = grep { /^Tcp:/ } <$f>; my (@n, @v); @n = split / /, $l[0]; @v = split / /, $l[1];
        for (0..$#n) { print $v[$_] if $n[$_] eq "RetransSegs" }`;
      const where = both(is('raddr', '10.99.0.2'));
      const [repeated, [answer]] = await machine.during([{ metric: 'tcp.retransmits', where }], () =>
        inNetwork(script),
      );
      return [amount(answer), Number(repeated)];
    },
  },
  sends('nic.vnic_packets', 1),
  sends('nic.vnic_bytes', 100 + 28 + 14),
];
