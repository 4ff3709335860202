/* What the catalogue's metrics count, against workloads of known size and the kernel's own counters. Needs root. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../../common/bucket';
import { nameFromBytes } from '../../../../common/name';
import { eachBucket, totalCount, type Distribution } from '../../../../common/distribution';
import { totalOf, type Value } from '../../../../common/value';
import { both, is, openRealKernel, own, perl, RealKernel, rename } from './testing/real_kernel';
import { KERNEL } from './functions';
import { cgroupRoot } from './zones';

const opened = openRealKernel();
const usable = opened instanceof RealKernel;
if (!usable) process.stderr.write(`SKIPPED: truths of the bpf source: ${opened}\n`);

test('as root on Linux nothing of this file is skipped', () => {
  if (process.platform === 'linux' && process.getuid?.() === 0) expect(usable).toBe(true);
});

const numbersOf = (value: Value): ReadonlyMap<string, number> =>
  value.shape === 'keyed' ? value.numbers : new Map([['', totalOf(value)]]);
const distributionOf = (value: Value, key: string): Distribution =>
  value.shape === 'keyed-distribution' ? (value.distributions.get(key) ?? []) : [];

/** Sum of a row of numbers in a file of /proc, by the first word. */
function countsOf(path: string): Map<string, number> {
  const rows = readFileSync(path, 'utf8').split('\n').slice(1);
  return new Map(
    rows.flatMap((row) => {
      const [name = '', ...rest] = row.trim().split(/\s+/);
      const numbers = rest.filter((word) => /^[0-9]+$/.test(word)).map(Number);
      return name === '' ? [] : [[name.replace(/:$/, ''), numbers.reduce((a, b) => a + b, 0)]];
    }),
  );
}

(usable ? describe : describe.skip)('the catalogue on this kernel', () => {
  const kernel = opened as RealKernel;
  afterEach(() => kernel.closeProbes());
  afterAll(() => kernel.source.close());

  /**
   * What the kernel counts by itself lies between two readings of its counters inside the second and two outside of it.
   * The files count beginnings and the probe ends: one on each CPU may be under way when the second is over. A device
   * that interrupts again while it is served is served once more, and counted once by the file.
   */
  async function between(
    name: `${string}.${string}`,
    decomposition: readonly string[],
    counters: () => ReadonlyMap<string, number>,
    work: () => void,
  ): Promise<{ seen: number; keys: string[] }> {
    const outer = counters();
    const probe = await kernel.enable(name, decomposition);
    await kernel.source.settle();
    const inner = counters();
    work();
    const innerEnd = counters();
    const value = await kernel.read(probe);
    const outerEnd = counters();
    let seen = 0;
    for (const [key, end] of outerEnd) {
      const count = totalCount(distributionOf(value, key));
      const least = 0.95 * ((innerEnd.get(key) ?? 0) - (inner.get(key) ?? 0)) - cpus().length;
      const most = 1.05 * (end - (outer.get(key) ?? 0)) + cpus().length;
      expect([key, count >= least, count <= most]).toEqual([key, true, true]);
      seen += count;
    }
    expect(seen).toBe(totalOf(value));
    return { seen, keys: value.shape === 'keyed-distribution' ? [...value.distributions.keys()] : [] };
  }

  test('soft interrupts of each kind lie between readings of /proc/softirqs', async () => {
    const { seen } = await between(
      'cpu.softirqs',
      ['softirq', 'latency'],
      () => countsOf('/proc/softirqs'),
      () => perl('for (1..30) { select(undef, undef, undef, 0.01) }'),
    );
    expect(seen).toBeGreaterThan(10);
  }, 60_000);

  test('interrupts of each device lie between readings of /proc/interrupts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-irq-'));
    /** Rows of devices have a number, and end with the names of those that share it. */
    const counters = (): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const row of readFileSync('/proc/interrupts', 'utf8').split('\n')) {
        const [, numbers = '', rest = ''] = /^\s*\d+:((?:\s+\d+)+)\s+(\S.*)$/.exec(row) ?? [];
        const sum = numbers
          .trim()
          .split(/\s+/)
          .map(Number)
          .reduce((x, y) => x + y, 0);
        const names =
          /(?:\d+-)?(?:edge|level|fasteoi)\s+(.*)$/i.exec(rest)?.[1] ?? rest.split(/\s{2,}/).at(-1);
        for (const whole of names?.split(', ') ?? []) {
          const name = whole.trim().slice(0, 31);
          counts.set(name, (counts.get(name) ?? 0) + sum);
        }
      }
      return counts;
    };
    try {
      const { keys } = await between('cpu.irqs', ['irqvector', 'latency'], counters, () => {
        perl(
          'open(F, ">", $ARGV[0]); for (1..20) { syswrite(F, "x" x 4096); syscall($ARGV[1], fileno F) }',
          join(folder, 'f'),
          process.arch === 'x64' ? '74' : '82',
        );
      });
      const known = counters();
      for (const key of keys) expect([...known.keys()]).toContain(key);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  test('a program is seen on a CPU as often as it has run there: 99 times for each second', async () => {
    const comm = own('samples');
    const probe = await kernel.enable('cpu.thread_samples', ['execname'], is('execname', comm));
    const ran = Number(
      perl(`${rename(comm)} while ((times)[0] < 1) { for my $i (1..1e5) { } }
        open(S, "<", "/proc/$$/schedstat"); print((split / /, <S>)[0])`),
    );
    const count = numbersOf(await kernel.read(probe)).get(comm) ?? 0;
    // Chance: five standard deviations would be half of it, were the samples not as regular as they are.
    expect(Math.abs(count / 99 / (ran / 1e9) - 1)).toBeLessThan(0.2);
  });

  test('samples are told apart by function: of libraries by their files’ symbols, of the kernel by its own', async () => {
    const comm = own('functions');
    const probe = await kernel.enable('cpu.thread_samples', ['function'], is('execname', comm));
    // Read while it still runs: of a process that is gone nobody knows what it had where.
    const child = spawn('perl', [
      '-e',
      `${rename(comm)} open(Z, "<", "/dev/zero"); $| = 1;
       while ((times)[0] < 0.5) { for my $i (1..1e5) { $x = $i . "y" } } while ((times)[1] < 0.7) { sysread(Z, $b, 4_000_000) }
       print "done"; sleep 60`,
    ]);
    try {
      await once(child.stdout, 'data');
      const numbers = numbersOf(await kernel.read(probe));
      const symbols = readFileSync('/proc/kallsyms', 'latin1');
      const isKernel = (name: string): boolean =>
        symbols.includes(` ${name}\n`) || symbols.includes(` ${name}\t`);
      const sum = (of: (name: string) => boolean): number =>
        [...numbers].reduce((total, [name, count]) => total + (of(name) ? count : 0), 0);
      // Perl's own functions, of libperl or of perl itself.
      expect(sum((name) => /^(Perl_|S_|_*malloc|cfree|_?_?libc|\[perl)/.test(name))).toBeGreaterThan(15);
      expect(sum((name) => isKernel(name))).toBeGreaterThan(30);
      expect(sum((name) => name === KERNEL)).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('the idle thread is nobody’s sample', async () => {
    const probe = await kernel.enable('cpu.thread_samples', ['execname']);
    perl('select(undef, undef, undef, 0.3)');
    const names = [...numbersOf(await kernel.read(probe)).keys()];
    expect(names.filter((name) => name.startsWith('swapper'))).toEqual([]);
  });

  test('a request’s time in the queue is told apart from its service', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-queue-'));
    try {
      const served = await kernel.enable('disk.physio_ops', ['optype', 'latency']);
      const queued = await kernel.enable('disk.physio_ops', ['optype', 'queuetime']);
      perl(
        'open(D, ">", $ARGV[0]); for (1..20) { syswrite(D, "x" x 4096); syscall($ARGV[1], fileno D) }',
        join(folder, 'data'),
        process.arch === 'x64' ? '74' : '82',
      );
      const [inQueue, inService] = [await kernel.read(queued), await kernel.read(served)];
      if (totalOf(inService) === 0) {
        process.stderr.write('SKIPPED: nothing of this folder’s file system goes to a disk\n');
        return;
      }
      // No request here waits for half a minute: the kernel's stamp and ours are of one clock.
      if (inQueue.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
      expect(totalOf(inQueue)).toBeGreaterThan(0);
      for (const distribution of inQueue.distributions.values()) {
        eachBucket(distribution, (bucket) => expect(LOG_GRID.floorOf(bucket)).toBeLessThan(30e9));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('signals are counted by who sends them, which, and to whom', async () => {
    const comm = own('signals');
    const probe = await kernel.enable('unix.signals', ['signal'], is('execname', comm));
    const toWhom = await kernel.enable('unix.signals', ['texecname'], is('signal', 'SIGUSR2'));
    perl(`${rename(comm)} $SIG{USR1} = sub { }; $SIG{USR2} = 'IGNORE';
      for (1..30) { kill 'USR1', $$ } for (1..12) { kill 'USR2', $$ }`);
    const numbers = numbersOf(await kernel.read(probe));
    expect([numbers.get('SIGUSR1'), numbers.get('SIGUSR2')]).toEqual([30, 12]);
    expect(numbersOf(await kernel.read(toWhom)).get(comm)).toBe(12);
  });

  test('page faults of a growing program are those that the kernel has counted for it', async () => {
    const comm = own('faults');
    const probe = await kernel.enable('memory.page_faults', ['optype'], is('execname', comm));
    const faults = Number(
      perl(`sub faults { open(S, "<", "/proc/self/stat"); (split / /, <S>)[9] }
        ${rename(comm)} my $before = faults();
        my @all = map { "x" x 3000 } 1..20000;
        print faults() - $before`),
    );
    const value = numbersOf(await kernel.read(probe));
    const writes = value.get('write') ?? 0;
    expect(faults).toBeGreaterThan(500);
    // Some faults are the kernel's own, on the program's behalf; some come after the count was printed.
    expect(Math.abs(writes - faults) / faults).toBeLessThan(0.1);
  });

  test('a connection is counted where it is opened and accepted, with its addresses, and when it has ended', async () => {
    const server = createServer((socket) => {
      socket.on('data', (bytes) => socket.end(bytes));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const comm = own('tcp');
    const connects = await kernel.enable('tcp.connects', ['execname', 'latency'], is('rport', port));
    const raddrs = await kernel.enable(
      'tcp.connects',
      ['raddr'],
      both(is('raddr', '127.0.0.1'), is('execname', comm), is('rport', port)),
    );
    const pids = await kernel.enable('tcp.connects', ['ppid'], is('execname', comm));
    const accepts = await kernel.enable('tcp.accepts', ['raddr'], is('lport', port));
    const lives = await kernel.enable('tcp.lifetimes', ['raddr', 'bytes'], is('rport', port));
    const times = await kernel.enable('tcp.lifetimes', ['lport', 'duration'], is('lport', port));
    await new Promise<void>((resolve, reject) => {
      execFile(
        'perl',
        [
          '-MSocket',
          '-e',
          `${rename(comm)} for (1..25) {
               socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die;
               syswrite(S, "x" x 1000); 1 while sysread(S, $b, 4096); close S }
             socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(1, INADDR_LOOPBACK)) and die`,
          port,
        ],
        (error) => (error === null ? resolve() : reject(new Error(error.message))),
      );
    });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const opened = await kernel.read(connects);
    expect(totalCount(distributionOf(opened, comm))).toBe(25);
    expect(totalOf(opened)).toBe(25);
    eachBucket(distributionOf(opened, comm), (bucket) => {
      expect(LOG_GRID.floorOf(bucket)).toBeGreaterThan(100);
      expect(LOG_GRID.floorOf(bucket)).toBeLessThan(1_000_000_000);
    });
    expect(numbersOf(await kernel.read(raddrs))).toEqual(new Map([['127.0.0.1', 25]]));
    expect(numbersOf(await kernel.read(pids))).toEqual(new Map([[String(process.pid), 25]]));
    expect(numbersOf(await kernel.read(accepts))).toEqual(new Map([['127.0.0.1', 25]]));
    const bytes = distributionOf(await kernel.read(lives), '127.0.0.1');
    // A thousand bytes there and back, and one for each FIN or SYN that the counters hold.
    expect(totalCount(bytes)).toBe(25);
    eachBucket(bytes, (bucket) => expect(LOG_GRID.floorOf(bucket)).toBe(2000));
    expect(totalCount(distributionOf(await kernel.read(times), port))).toBe(25);
  });

  test('a segment that nobody answers is sent again, and counted', async () => {
    const probe = await kernel.enable('tcp.retransmits', ['raddr'], is('raddr', '127.0.0.1'));
    const byPort = await kernel.enable('tcp.retransmits', ['rport']);
    // A listener that has no room left drops what asks for more; it is asked again a second later.
    const port =
      perl(`use Socket; socket(L, PF_INET, SOCK_STREAM, 0); bind(L, sockaddr_in(0, INADDR_LOOPBACK));
      listen(L, 0); my ($port) = sockaddr_in(getsockname(L)); use Fcntl; my @all;
      for (1..3) { socket(my $s, PF_INET, SOCK_STREAM, 0); fcntl($s, F_SETFL, O_NONBLOCK);
        connect($s, sockaddr_in($port, INADDR_LOOPBACK)); push @all, $s; select(undef, undef, undef, 0.05) }
      select(undef, undef, undef, 1.5); print $port`);
    const ports = numbersOf(await kernel.read(byPort));
    expect(ports.get(port)).toBeGreaterThanOrEqual(1);
    expect(numbersOf(await kernel.read(probe)).get('127.0.0.1')).toBeGreaterThanOrEqual(
      ports.get(port) ?? NaN,
    );
  });

  test('addresses of version 6 are told as such', async () => {
    const server = createServer((socket) => socket.end());
    server.listen(0, '::1');
    try {
      await once(server, 'listening');
    } catch {
      process.stderr.write('SKIPPED: this machine has no IPv6 on loopback\n');
      return;
    }
    const { port } = server.address() as AddressInfo;
    const probe = await kernel.enable('tcp.connects', ['raddr'], is('rport', String(port)));
    const socket = connect(port, '::1');
    socket.resume();
    await once(socket, 'close');
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(numbersOf(await kernel.read(probe))).toEqual(new Map([['::1', 1]]));
  });

  test('reads and writes of files are counted by kind, with size, place and file system; others are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ca-files-'));
    const comm = own('files');
    try {
      const mine = is('execname', comm);
      const types = await kernel.enable('fs.logical_rwops', ['fstype'], both(mine, is('optype', 'write')));
      const sizes = await kernel.enable('fs.logical_rwops', ['optype', 'size'], mine);
      const places = await kernel.enable('fs.logical_rwops', ['optype', 'offset'], mine);
      const all = await kernel.enable('fs.logical_ops', ['optype'], mine);
      const waits = await kernel.enable('fs.logical_ops', ['optype', 'latency'], mine);
      const syncs = await kernel.enable('fs.syncs', ['syscall', 'latency'], mine);
      const [fsync, pread] = process.arch === 'x64' ? ['74', '17'] : ['82', '67'];
      const output = perl(
        `open(D, "+>", $ARGV[0]); pipe(R, W); ${rename(comm)}
         for (1..40) { syswrite(D, "x" x 5000) } for (1..9) { syswrite(W, "x"); sysread(R, $b, 1) }
         sysseek(D, 0, 0); for (1..41) { sysread(D, $b, 5000) }
         $b = "y" x 100; for (1..7) { syscall($ARGV[2], fileno D, $b, 100, 150000) }
         for (1..5) { syscall($ARGV[1], fileno D) }
         syscall(${process.arch === 'x64' ? 1 : 64}, 999, $b, 1);
         open(S, ">", "/proc/$$/comm"); syswrite(S, "other");
         open(M, "<", "/proc/self/mounts"); print <M>`,
        join(folder, 'data'),
        fsync ?? '',
        pread ?? '',
      );
      // The write that renames the program is told under the new name.
      const byType = new Map(numbersOf(await kernel.read(types)));
      expect(byType.get('proc')).toBe(1);
      byType.delete('proc');
      expect([...byType.values()]).toEqual([40]);
      expect(output).toContain(` ${[...byType.keys()][0]} `);
      const bySize = await kernel.read(sizes);
      const writes = new Map<number, number>();
      eachBucket(distributionOf(bySize, 'write'), (bucket, count) => writes.set(bucket, count));
      expect(writes).toEqual(
        new Map([
          [LOG_GRID.bucketOf(comm.length), 1],
          [LOG_GRID.bucketOf(5000), 40],
        ]),
      );
      const reads = new Map<number, number>();
      eachBucket(distributionOf(bySize, 'read'), (bucket, count) => reads.set(bucket, count));
      expect(reads).toEqual(
        new Map([
          [LOG_GRID.bucketOf(0), 1],
          [LOG_GRID.bucketOf(100), 7],
          [LOG_GRID.bucketOf(5000), 40],
        ]),
      );
      const offsets = new Map<number, number>();
      const byPlace = await kernel.read(places);
      eachBucket(distributionOf(byPlace, 'read'), (bucket, count) => offsets.set(bucket, count));
      const expected = new Map<number, number>();
      for (let i = 0; i <= 40; i++) {
        const bucket = LOG_GRID.bucketOf(5000 * i);
        expected.set(bucket, (expected.get(bucket) ?? 0) + 1);
      }
      expected.set(LOG_GRID.bucketOf(150_000), 7 + (expected.get(LOG_GRID.bucketOf(150_000)) ?? 0));
      expect([...offsets].sort((a, b) => a[0] - b[0])).toEqual([...expected].sort((a, b) => a[0] - b[0]));
      const byKind = numbersOf(await kernel.read(all));
      expect([byKind.get('write'), byKind.get('read'), byKind.get('fsync')]).toEqual([41, 48, 5]);
      // Its own name, once more; the data were opened before it had one.
      expect(byKind.get('open')).toBe(1);
      expect(totalCount(distributionOf(await kernel.read(waits), 'fsync'))).toBe(5);
      expect(totalCount(distributionOf(await kernel.read(syncs), 'fsync'))).toBe(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('files and folders that get or lose a name are counted, or the kernel says why it cannot be watched there', async () => {
    const offer = kernel.source.offers().find(({ metric }) => metric === 'fs.path_ops');
    if (offer !== undefined && 'unavailable' in offer) {
      expect(offer.unavailable).toMatch(
        /runs no programs at its functions: trampolines: \S.*; kprobes: none/,
      );
      await expect(kernel.enable('fs.path_ops', [])).rejects.toThrow(offer.unavailable);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'ca-paths-'));
    const comm = own('paths');
    try {
      const operations = await kernel.enable('fs.path_ops', ['optype', 'latency'], is('execname', comm));
      const errors = await kernel.enable(
        'fs.path_ops',
        ['errno'],
        both(is('execname', comm), is('optype', 'rmdir')),
      );
      perl(
        `chdir $ARGV[0]; ${rename(comm)} for (1..20) { open(N, ">", "f$_") }
         for (1..9) { mkdir "d$_" } for (1..7) { symlink "f1", "s$_" } for (1..5) { link "f1", "l$_" }
         for (1..20) { rename "f$_", "r$_" } for (2..20) { unlink "r$_" }
         for (1..8) { rmdir "d$_" } mkdir "d9/x"; rmdir "d9"`,
        folder,
      );
      const value = await kernel.read(operations);
      const count = (word: string): number => totalCount(distributionOf(value, word));
      expect(['mkdir', 'symlink', 'link', 'rename', 'remove', 'rmdir'].map(count)).toEqual([
        10, 7, 5, 20, 19, 9,
      ]);
      expect(numbersOf(await kernel.read(errors))).toEqual(
        new Map([
          ['none', 8],
          ['ENOTEMPTY', 1],
        ]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('CPU time of a call is its latency but for the time that its thread was off the CPU', async () => {
    const comm = own('cputime');
    const [getppid, nanosleep] = process.arch === 'x64' ? [110, 35] : [173, 101];
    const mine = is('execname', comm);
    const sleeping = await kernel.enable(
      'syscall.syscalls',
      ['cputime'],
      both(mine, is('syscall', 'nanosleep')),
    );
    const asleep = await kernel.enable(
      'syscall.syscalls',
      ['latency'],
      both(mine, is('syscall', 'nanosleep')),
    );
    const reading = await kernel.enable('syscall.syscalls', ['cputime'], both(mine, is('syscall', 'read')));
    const short = await kernel.enable(
      'syscall.syscalls',
      ['execname', 'cputime'],
      both(mine, is('syscall', 'getppid')),
    );
    const shortLatency = await kernel.enable(
      'syscall.syscalls',
      ['execname', 'latency'],
      both(mine, is('syscall', 'getppid')),
    );
    const used = Number(
      perl(`open(Z, "<", "/dev/zero"); ${rename(comm)}
        my $time = pack("q2", 0, 30_000_000); for (1..20) { syscall(${nanosleep}, $time, 0) }
        for (1..5000) { syscall(${getppid}) }
        sub ran { open(S, "<", "/proc/$$/schedstat"); my ($ns) = split(/ /, <S>); $ns }
        my $before = ran(); for (1..2000) { sysread(Z, $b, 4_000_000) } print((ran() - $before) / 1e9)`),
    );
    const sumOf = (value: Value): number => {
      let sum = 0;
      if (value.shape !== 'distribution') throw new Error('a distribution was asked for');
      eachBucket(value.distribution, (bucket, count) => (sum += count * LOG_GRID.floorOf(bucket)));
      return sum / 1e9;
    };
    const [sleepLatency, sleepTime] = [await kernel.read(asleep), await kernel.read(sleeping)];
    expect(totalOf(sleepTime)).toBe(20);
    expect(sumOf(sleepLatency)).toBeGreaterThan(0.55);
    expect(sumOf(sleepTime)).toBeLessThan(0.1 * sumOf(sleepLatency));
    // What the kernel has accounted to the program while it read zeros.
    const readTime = sumOf(await kernel.read(reading));
    expect(used).toBeGreaterThan(0.1);
    expect(Math.abs(readTime / used - 1)).toBeLessThan(0.3);
    // Calls that do not wait take as long as they use the CPU, but for those in which somebody else got it.
    const [cpuTimes, latencies] = [await kernel.read(short), await kernel.read(shortLatency)];
    const mean = (value: Value): number => {
      let sum = 0;
      eachBucket(distributionOf(value, comm), (bucket, count) => (sum += bucket * count));
      return sum / totalOf(value);
    };
    expect(totalOf(cpuTimes)).toBe(5000);
    expect(Math.abs(mean(cpuTimes) - mean(latencies))).toBeLessThan(10);
  });

  test('arguments are those of /proc, with blanks; also long, hostile and other processes’', async () => {
    const call = process.arch === 'x64' ? 110 : 173;
    const script = `for (1..17) { syscall(${call}) } open(F, "<", "/proc/$$/cmdline"); binmode STDOUT; print <F>`;
    const shown = (cmdline: string): string =>
      nameFromBytes(Buffer.from(cmdline.replace(/\0$/, '').replaceAll('\0', ' ')).subarray(0, 80)).trimEnd();
    for (const args of [['x'], ['a,b"c\n\\', '', 'é\u0001'], ['long'.repeat(30)], ['  ', 'x', '  ']]) {
      const probe = await kernel.enable('syscall.syscalls', ['psargs'], is('syscall', 'getppid'));
      const parents = await kernel.enable(
        'syscall.syscalls',
        ['ppsargs'],
        both(is('syscall', 'getppid'), is('ppid', String(process.pid))),
      );
      const text = shown(perl(script, ...args));
      expect(text.length).toBeGreaterThan(50);
      expect(numbersOf(await kernel.read(probe)).get(text)).toBe(17);
      const own = shown(readFileSync('/proc/self/cmdline', 'utf8'));
      expect(numbersOf(await kernel.read(parents)).get(own)).toBe(17);
      const one = await kernel.enable(
        'syscall.syscalls',
        [],
        both(is('syscall', 'getppid'), is('psargs', text)),
      );
      perl(script, ...args);
      perl(script, ...args, 'more');
      expect(totalOf(await kernel.read(one))).toBe(text.length < 80 ? 17 : 34);
    }
  });

  test('a kernel thread has no arguments', async () => {
    const probe = await kernel.enable('cpu.thread_executions', ['psargs'], is('ppid', '2'));
    perl('select(undef, undef, undef, 0.2)');
    const numbers = numbersOf(await kernel.read(probe));
    expect([...numbers.keys()]).toEqual(['']);
  });

  describe('zones', () => {
    const root = cgroupRoot(readFileSync('/proc/self/mounts', 'utf8')) ?? '';
    const call = process.arch === 'x64' ? 110 : 173;
    const made: string[] = [];
    /** A service of this run's own; its name as it is shown. */
    const make = (name: string): string => {
      const folder = `${own(name)}.service`;
      mkdirSync(join(root, folder));
      made.push(folder);
      return folder;
    };
    /** Perl: go into a cgroup and make calls there. */
    const callsIn = (zone: string, calls: number): string =>
      `open(P, ">", "${join(root, zone)}/cgroup.procs") or die; syswrite(P, $$); close P; for (1..${calls}) { syscall(${call}) }`;
    const calls = both(is('syscall', 'getppid'), is('execname', own('zone')));
    const script = (...parts: string[]): string => `${rename(own('zone'))} ${parts.join('\n')}`;

    afterEach(() => {
      for (const folder of made.splice(0)) rmdirSync(join(root, folder));
    });

    test('events are told apart by the service whose cgroup they happen in', async () => {
      const probe = await kernel.enable('syscall.syscalls', ['zonename', 'latency'], calls);
      const forks = await kernel.enable('unix.proc_forks', ['zonename']);
      const name = make('apart');
      perl(
        script(
          `for (1..11) { syscall(${call}) }`,
          callsIn(name, 23),
          'for (1..3) { if (!fork) { exit } wait }',
        ),
      );
      const value = await kernel.read(probe);
      expect(totalCount(distributionOf(value, name))).toBe(23);
      expect(totalOf(value)).toBe(34);
      expect(numbersOf(await kernel.read(forks)).get(name)).toBe(3);
    });

    test('a filter by zone gets exactly its zone’s events, of old and new cgroups, and nobody else’s', async () => {
      const mine = make('mine');
      const other = make('other');
      // Decided in the kernel: both are known when it begins.
      const total = await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', mine)));
      const all = await kernel.enable('syscall.syscalls', ['zonename'], calls);
      const byLatency = await kernel.enable(
        'syscall.syscalls',
        ['execname', 'latency'],
        both(is('zonename', mine), calls),
      );
      const late = `${own('late')}.service`;
      // A customer of two zones, one of which is not there yet; and everybody else.
      const two = await kernel.enable('syscall.syscalls', ['zonename'], {
        kind: 'and',
        members: [{ kind: 'or', members: [is('zonename', mine), is('zonename', late)] }, calls],
      });
      const others = await kernel.enable(
        'syscall.syscalls',
        ['zonename'],
        both({ kind: 'compare', op: 'ne', field: 'zonename', constant: mine }, calls),
      );
      // What a zone is asked for may differ from what another is.
      const mixed = await kernel.enable('syscall.syscalls', ['zonename'], {
        kind: 'or',
        members: [both(is('zonename', mine), is('syscall', 'getppid')), both(is('zonename', late), calls)],
      });
      make('late');
      perl(script(callsIn(mine, 1000), callsIn(other, 300), callsIn(late, 70), callsIn(mine, 5)));
      expect(totalOf(await kernel.read(total))).toBe(1005);
      expect(numbersOf(await kernel.read(all))).toEqual(
        new Map([
          [mine, 1005],
          [other, 300],
          [late, 70],
        ]),
      );
      const value = await kernel.read(byLatency);
      expect(totalCount(distributionOf(value, own('zone')))).toBe(1005);
      expect(totalOf(value)).toBe(1005);
      const mineAndLate = new Map([
        [mine, 1005],
        [late, 70],
      ]);
      expect(numbersOf(await kernel.read(two))).toEqual(mineAndLate);
      expect(numbersOf(await kernel.read(mixed))).toEqual(mineAndLate);
      expect(numbersOf(await kernel.read(others))).toEqual(
        new Map([
          [other, 300],
          [late, 70],
        ]),
      );
      // By now the kernel knows them all.
      perl(script(callsIn(late, 7), callsIn(other, 9)));
      expect(numbersOf(await kernel.read(two))).toEqual(new Map([[late, 7]]));
      expect(totalOf(await kernel.read(total))).toBe(0);
      expect(numbersOf(await kernel.read(others))).toEqual(
        new Map([
          [other, 9],
          [late, 7],
        ]),
      );
    });

    test('a container that is gone before the second is read is told by name, and filtered', async () => {
      const brief = `${own('brief')}.service`;
      const [probe, filtered, others] = [
        await kernel.enable('syscall.syscalls', ['zonename'], calls),
        await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', brief))),
        await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', 'global'))),
      ];
      make('brief');
      perl(script(callsIn(brief, 41)));
      rmdirSync(join(root, made.pop() ?? ''));
      expect(numbersOf(await kernel.read(probe))).toEqual(new Map([[brief, 41]]));
      expect(totalOf(await kernel.read(filtered))).toBe(41);
      expect(totalOf(await kernel.read(others))).toBe(0);
    });

    test('names of containers are hostile: shown as they are, and nobody else’s', async () => {
      const bytes = Buffer.concat([
        Buffer.from(`lxc.payload.${own('x')}","y" || 1 == 1 \\x2d\t\u00e9`),
        Buffer.from([0xff]),
      ]);
      const zone = `${own('x')}","y" || 1 == 1 -\t\u00e9\\xff`;
      const folder = Buffer.concat([Buffer.from(`${root}/`), bytes]);
      mkdirSync(folder);
      try {
        const probe = await kernel.enable(
          'syscall.syscalls',
          ['zonename'],
          both(calls, is('zonename', zone)),
        );
        const prefix = await kernel.enable('syscall.syscalls', [], both(calls, is('zonename', own('x'))));
        perl(
          script(
            `open(P, ">", pack("H*", "${folder.toString('hex')}") . "/cgroup.procs") or die; syswrite(P, $$); close P;
             for (1..13) { syscall(${call}) }`,
          ),
        );
        expect(numbersOf(await kernel.read(probe))).toEqual(new Map([[zone, 13]]));
        expect(totalOf(await kernel.read(prefix))).toBe(0);
      } finally {
        rmdirSync(folder);
      }
    });
  });

  test('a program in a container that is too small is seen reclaiming, and then killed', async () => {
    const group = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']
      .map((mount) => join(mount, own('small')))
      .find((path) => {
        try {
          mkdirSync(path);
          readFileSync(join(path, 'cgroup.procs'));
          writeFileSync(limitOf(path), String(24 * 1024 * 1024));
          return true;
        } catch {
          try {
            rmdirSync(path);
          } catch {
            // It was never made.
          }
          return false;
        }
      });
    if (group === undefined) {
      process.stderr.write('SKIPPED: no cgroup with a limit of memory can be made here\n');
      return;
    }
    try {
      const comm = own('small');
      const reclaims = await kernel.enable('memory.reclaims', ['space', 'latency'], is('execname', comm));
      const kills = await kernel.enable('memory.oom_kills', ['execname'], is('execname', comm));
      const statuses = perl(
        `if (!fork) { open(P, ">", $ARGV[0]); syswrite(P, $$); close P; ${rename(comm)}
           my @all; for (1..200) { push @all, "x" x 1000000 } exit 0 }
         wait; print $? & 127`,
        join(group, 'cgroup.procs'),
      );
      expect(statuses).toBe('9');
      expect(numbersOf(await kernel.read(kills))).toEqual(new Map([[comm, 1]]));
      const waits = await kernel.read(reclaims);
      expect(totalCount(distributionOf(waits, 'container'))).toBeGreaterThan(0);
    } finally {
      rmdirSync(group);
    }
  });
});

function limitOf(group: string): string {
  return join(group, group.startsWith('/sys/fs/cgroup/memory/') ? 'memory.limit_in_bytes' : 'memory.max');
}
