/*
 * What is tried: for each metric a workload of known size, its witness, and how far apart the two may be.
 * In: a machine, a size. Out: two numbers. Nothing here runs when it is imported: docs/catalogue.md is made from the list.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_GRID } from '../../common/model/bucket';
import { eachBucket } from '../../common/model/distribution';
import type { MetricName } from '../../common/model/metric';
import type { Value } from '../../common/model/value';
import { amount, counts, inFolder, mine, OWN, ranged, sleep, UNSEEN, type Case } from './case';
import { KERNEL_CASES } from './kernel-cases';
import { MEMORY_CASES } from './memory-cases';
import { NETWORK_CASES } from './network-cases';
import { SERVER_CASES } from './server-cases';
import { both, is, type Asked } from './measure';
import { GETPPID, NAME, perl, run, withPerl } from './workload';

const FILE = 'my $f = "/tmp/$$.truth"; open(my $h, "+>", $f) or die;';
/** Of the server: what accepts and outlives a connection knows ports, not programs. */
const PORT = 20_000 + (process.pid % 10_000);
const SERVER = `use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 128, ReuseAddr => 1, LocalAddr => "127.0.0.1", LocalPort => ${PORT}) or die;`;
const connections = (size: number): string =>
  `${SERVER} for (1..${size}) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die; close $s->accept; close $c }`;

/** Requests or bytes of dd, which are its own only where they pass the cache. */
function direct(metric: MetricName, perWrite: number): Case {
  return {
    metric,
    witness: 'dd with oflag=direct',
    // A request is complete in an interrupt.
    tolerance: UNSEEN / 2,
    run: (machine, size) =>
      inFolder(async (folder) => {
        const file = join(folder, 'data');
        const where = both(is('execname', 'dd'), is('optype', 'write'));
        const dd = (count: number, ...flags: string[]): Promise<string> =>
          run('dd', 'if=/dev/zero', `of=${file}`, 'bs=4k', `count=${count}`, 'status=none', ...flags);
        await dd(4 * size, 'conv=fsync');
        const [, [answer]] = await machine.during([{ metric, where }], () =>
          dd(4 * size, 'oflag=direct', 'conv=notrunc'),
        );
        return [amount(answer), 4 * size * perWrite];
      }),
  };
}

/** Sum over all CPUs of a file like /proc/softirqs. */
function sumIn(path: string): number {
  const words = readFileSync(path, 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => line.trim().split(/\s+/).slice(1));
  return words.reduce((sum, word) => sum + (/^\d+$/.test(word) ? Number(word) : 0), 0);
}

function latencySum(value: Value): number {
  let sum = 0;
  if (value.shape === 'distribution')
    eachBucket(value.distribution, (bucket, count) => (sum += count * LOG_GRID.floorOf(bucket) * 1.025));
  return sum;
}

export const CASES: readonly Case[] = [
  counts('syscall.syscalls', (n) => `for (1..${n}) { syscall(${GETPPID}) }`, {
    where: both(mine, is('syscall', 'getppid')),
  }),
  {
    metric: 'syscall.syscalls',
    witness: 'time asleep, by the program’s clock (sum of latencies)',
    tolerance: 0.06,
    async run(machine, size) {
      const asked: Asked = {
        metric: 'syscall.syscalls',
        by: ['latency'],
        where: both(mine, {
          kind: 'or',
          members: ['nanosleep', 'clock_nanosleep'].map((c) => is('syscall', c)),
        }),
      };
      const naps = Math.min(size, 50);
      const [slept, [answer]] = await machine.during([asked], () =>
        perl(
          `use Time::HiRes qw(clock_gettime clock_nanosleep CLOCK_MONOTONIC); my $t = 0;
           for (1..${naps}) { my $a = clock_gettime(CLOCK_MONOTONIC); clock_nanosleep(CLOCK_MONOTONIC, 2e7); $t += clock_gettime(CLOCK_MONOTONIC) - $a }
           printf "%.0f", $t * 1e9`,
        ),
      );
      return [answer === undefined ? NaN : latencySum(answer.value), Number(slept)];
    },
  },
  counts('fs.logical_ops', (n) => `for (1..${n}) { open(my $h, "<", "/nowhere/$_") and die }`, {
    where: both(mine, is('optype', 'open'), is('errno', 'ENOENT')),
  }),
  counts('fs.logical_rwops', (n) => `${FILE} for (1..${n}) { syswrite($h, "x" x 10) } unlink $f;`, {
    where: both(mine, is('optype', 'write')),
    // The name that the program takes is a write as well.
    each: (n) => n + 1,
  }),
  counts('fs.logical_rwbytes', (n) => `${FILE} for (1..${n}) { syswrite($h, "x" x 10) } unlink $f;`, {
    where: both(mine, is('optype', 'write')),
    each: (n) => 10 * n + NAME.length,
  }),
  counts('fs.syncs', (n) => `use IO::Handle; ${FILE} for (1..${n}) { $h->sync } unlink $f;`),
  direct('disk.physio_ops', 1),
  direct('disk.physio_bytes', 4096),
  counts('tcp.connects', connections, { where: both(mine, is('errno', 'none')) }),
  counts(
    'tcp.connects',
    (n) =>
      `use Socket; for (1..${n}) { socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, sockaddr_in(1, INADDR_LOOPBACK)) and die }`,
    { where: both(mine, is('errno', 'ECONNREFUSED')), witness: `${OWN}, refused` },
  ),
  counts('tcp.accepts', connections, { where: is('lport', String(PORT)) }),
  counts('tcp.lifetimes', connections, { where: is('rport', String(PORT)) }),
  counts('unix.proc_forks', (n) => `for (1..${n}) { my $p = fork; exit 0 if $p == 0; waitpid $p, 0 }`),
  counts('unix.proc_exits', (n) => `for (1..${n}) { my $p = fork; exit 0 if $p == 0; waitpid $p, 0 }`, {
    each: (n) => n + 1,
  }),
  counts('unix.proc_execs', (n) => `for (1..${n}) { system("/bin/true") }`, {
    where: both(is('pexecname', NAME), is('execname', 'true')),
  }),
  counts('unix.signals', (n) => `$SIG{USR1} = sub {}; for (1..${n}) { kill 'USR1', $$ }`, {
    where: both(mine, is('signal', 'SIGUSR1')),
  }),
  counts(
    'memory.page_faults',
    () =>
      `sub faults { open(my $s, "<", "/proc/self/stat"); (split / /, <$s>)[9] } my $before = faults(); my @all = map { "x" x 3000 } 1..20000; print faults() - $before`,
    { witness: '/proc/self/stat, minor faults', tolerance: 0.1 },
  ),
  counts('dns.lookups', (n) => `use Socket qw(getaddrinfo); for (1..${n}) { getaddrinfo("localhost", 80) }`),
  {
    metric: 'cpu.waittime',
    witness: 'run_delay of the programs’ /proc/PID/schedstat',
    tolerance: 0.01,
    async run(machine, size) {
      const seconds = Math.ceil(Math.min(3, size / 50));
      // Of programs that have ended, the whole: they are not waited for until it is read. Of the first one, since it has its name.
      const script = `sub delay { open(my $s, "<", "/proc/$_[0]/schedstat") or return 0; (split / /, <$s>)[1] }
        sub ended { open(my $s, "<", "/proc/$_[0]/stat") or return 1; <$s> =~ /\\) Z/ }
        my $before = delay($$); my $end = time + ${seconds};
        my @all = map { my $p = fork; if ($p == 0) { 1 while time < $end; exit 0 } $p } 1..6;
        for my $p (@all) { select(undef, undef, undef, 0.05) until ended($p) }
        my $sum = delay($$) - $before; $sum += delay($_) for @all; waitpid $_, 0 for @all; print $sum`;
      const [delays, [answer]] = await machine.during([{ metric: 'cpu.waittime', where: mine }], () =>
        perl(script),
      );
      return [amount(answer), Number(delays)];
    },
  },
  {
    metric: 'cpu.softirqs',
    witness: '/proc/softirqs',
    tolerance: UNSEEN,
    run: (machine, size) =>
      machine
        .beside(
          { metric: 'cpu.softirqs' },
          () => sumIn('/proc/softirqs'),
          () =>
            // Each datagram to oneself is a soft interrupt.
            perl(
              `use Socket; socket(my $r, PF_INET, SOCK_DGRAM, 0); bind($r, sockaddr_in(0, INADDR_LOOPBACK)); my $to = getsockname($r);
             for (1..${200 * size}) { send($r, "x", 0, $to); recv($r, my $b, 1, 0) }`,
            ),
        )
        .then(ranged),
  },
  {
    metric: 'unix.processes',
    witness: 'programs started',
    tolerance: 0,
    run(machine, size) {
      const many = Math.min(size, 20);
      return withPerl(
        `my @p = map { my $p = fork; if ($p == 0) { sleep 60; exit 0 } $p } 2..${many}; print "ready\\n"; <STDIN>; kill 'KILL', @p; waitpid $_, 0 for @p`,
        async () => {
          const [, [answer]] = await machine.during([{ metric: 'unix.processes', where: mine }], () =>
            sleep(100),
          );
          return [amount(answer), many] as const;
        },
      );
    },
  },
  {
    metric: 'fs.capacity',
    witness: 'df',
    tolerance: 0.01,
    async run(machine) {
      const where = both(is('mountpoint', '/'), is('space', 'used'));
      const [used, [answer]] = await machine.during([{ metric: 'fs.capacity', where }], async () =>
        (await run('df', '--output=used', '-B1', '/')).split('\n')[1]?.trim(),
      );
      return [amount(answer), Number(used)];
    },
  },
  ...KERNEL_CASES,
  ...MEMORY_CASES,
  ...NETWORK_CASES,
  ...SERVER_CASES,
];
