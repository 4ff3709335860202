/* Which events a metric has does not depend on what is asked of them, on the real kernel. Needs root. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import { i386Program } from '../../sources/bpf/testing/i386-program';
import {
  ARCHITECTURE,
  both,
  distributionOf,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

/** Allows everything but mkdir and mkdirat, which fail with EPERM. Perl. */
const MKDIR = ARCHITECTURE === 'x64' ? [83, 258] : [34, 34];
const WITHOUT_MKDIR = `
  sub op { pack("SCCL", @_) }
  my $filter = op(0x20, 0, 0, 0) . op(0x15, 1, 0, ${MKDIR[0]}) . op(0x15, 0, 1, ${MKDIR[1]})
    . op(0x06, 0, 0, 0x00050001) . op(0x06, 0, 0, 0x7fff0000);
  my $program = pack("Sx6P", 5, $filter);
  my ($prctl) = (${ARCHITECTURE === 'x64' ? 157 : 167});
  syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
  syscall($prctl, 22, 2, $program, 0, 0) == 0 or die "seccomp: $!";`;

onRealKernel('what is an event', (kernel) => {
  test('a fork is one call, whether its time is asked for or not', async () => {
    const comm = own('forks');
    const mine = both(is('execname', comm), {
      kind: 'or',
      members: ['fork', 'vfork', 'clone', 'clone3'].map((name) => is('syscall', name)),
    });
    const byCall = await kernel.enable('syscall.syscalls', ['syscall'], mine);
    const byTime = await kernel.enable('syscall.syscalls', ['syscall', 'latency'], mine);
    const all = await kernel.enable('syscall.syscalls', [], mine);
    perl(`${rename(comm)} for (1..60) { my $pid = fork; exit 0 if $pid == 0; waitpid $pid, 0 }`);
    expect(totalOf(await kernel.read(byCall))).toBe(60);
    expect(totalOf(await kernel.read(byTime))).toBe(60);
    expect(totalOf(await kernel.read(all))).toBe(60);
  });

  test('calls that a seccomp filter refuses count with their error, also where their time is asked for', async () => {
    const comm = own('refused');
    const mine = is('execname', comm);
    const byErrno = await kernel.enable(
      'syscall.syscalls',
      ['errno'],
      both(mine, { kind: 'or', members: [is('syscall', 'mkdir'), is('syscall', 'mkdirat')] }),
    );
    const byTime = await kernel.enable(
      'syscall.syscalls',
      ['errno', 'latency'],
      both(mine, is('errno', 'EPERM')),
    );
    perl(`${rename(comm)} ${WITHOUT_MKDIR} for (1..50) { mkdir "/tmp/never" }`);
    expect(await kernel.numbers(byErrno)).toEqual(new Map([['EPERM', 50]]));
    const value = await kernel.read(byTime);
    expect(totalOf(value)).toBe(50);
    eachBucket(distributionOf(value, 'EPERM'), (bucket) =>
      expect(LOG_GRID.floorOf(bucket)).toBeLessThan(10_000),
    );
  });

  test('a call that was under way when the question came counts in none of its forms', async () => {
    const comm = own('before');
    const child = spawn('perl', [
      '-e',
      `${rename(comm)} $| = 1; print "x"; select(undef, undef, undef, 1.2)`,
    ]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const select = both(is('execname', comm), {
      kind: 'or',
      members: [is('syscall', 'select'), is('syscall', 'pselect6')],
    });
    const byName = await kernel.enable('syscall.syscalls', ['execname'], select);
    const byTime = await kernel.enable('syscall.syscalls', ['execname', 'latency'], select);
    await new Promise((resolve) => child.once('exit', resolve));
    expect([totalOf(await kernel.read(byName)), totalOf(await kernel.read(byTime))]).toEqual([0, 0]);
  });

  test('a call that overwrites its number, and numbers that no call has, are called by what was asked', async () => {
    const comm = own('numbers');
    const byCall = await kernel.enable('syscall.syscalls', ['syscall'], is('execname', comm));
    const returns = await kernel.enable(
      'syscall.syscalls',
      [],
      both(is('execname', comm), is('syscall', 'rt_sigreturn')),
    );
    const minusOne = await kernel.enable(
      'syscall.syscalls',
      [],
      both(is('execname', comm), is('syscall', '-1')),
    );
    // Perl runs its handlers later, and the kernel's return from each is a call all the same.
    perl(`$SIG{USR1} = sub { }; ${rename(comm)} for (1..40) { kill 'USR1', $$ } for (1..5) { syscall(-1) }`);
    const numbers = await kernel.numbers(byCall);
    expect([numbers.get('rt_sigreturn'), numbers.get('-1')]).toEqual([40, 5]);
    expect(totalOf(await kernel.read(returns))).toBe(40);
    expect(totalOf(await kernel.read(minusOne))).toBe(5);
  });

  const x64Only = ARCHITECTURE === 'x64' ? test : test.skip;

  x64Only(
    '32-bit programs have their own calls’ names, and what they do to files is seen (skipped on arm64)',
    async () => {
      const comm = own('i386');
      const folder = mkdtempSync(join(tmpdir(), 'ca-i386-'));
      const buffer = Buffer.alloc(64, 'x');
      const pause = Buffer.alloc(8);
      pause.writeUInt32LE(20_000_000, 4);
      const program = join(folder, comm);
      const five = 5 * 2 ** 30;
      writeFileSync(
        program,
        i386Program([
          { number: 5, arguments: [join(folder, 'data'), 0o102, 0o644] }, // open: descriptor 3
          { number: 4, arguments: [3, buffer, 64], times: 100 }, // write
          { number: 19, arguments: [3, 0, 0] }, // lseek
          { number: 3, arguments: [3, Buffer.alloc(64), 64], times: 50 }, // read
          { number: 181, arguments: [3, buffer, 64, five % 2 ** 32, 1], times: 3 }, // pwrite64 at 5 GiB
          { number: 118, arguments: [3], times: 20 }, // fsync
          { number: 162, arguments: [pause, 0], times: 4 }, // nanosleep
          { number: 64, times: 30 }, // getppid
          { number: 999, times: 2 },
        ]),
        { mode: 0o755 },
      );
      const mine = is('execname', comm);
      const calls = await kernel.enable('syscall.syscalls', ['syscall'], mine);
      const timed = await kernel.enable('syscall.syscalls', ['syscall', 'latency'], mine);
      const syncs = await kernel.enable('fs.syncs', ['syscall'], mine);
      const files = await kernel.enable('fs.logical_rwops', ['optype'], mine);
      const places = await kernel.enable(
        'fs.logical_rwops',
        ['offset'],
        both(mine, { kind: 'compare', op: 'ge', field: 'offset', constant: five }),
      );
      const sleeps = await kernel.enable(
        'syscall.syscalls',
        ['latency'],
        both(mine, is('syscall', 'nanosleep')),
      );
      try {
        const done = spawnSync(program);
        if (done.error !== undefined) {
          process.stderr.write(`SKIPPED: this kernel runs no 32-bit programs: ${done.error.message}\n`);
          return;
        }
        expect(done.status).toBe(0);
        const wanted = {
          write: 100,
          read: 50,
          getppid: 30,
          fsync: 20,
          nanosleep: 4,
          pwrite64: 3,
          lseek: 1,
          open: 1,
        };
        const numbers = Object.fromEntries(await kernel.numbers(calls));
        expect(numbers).toMatchObject({ ...wanted, '32-bit 999': 2 });
        const byTime = await kernel.read(timed);
        expect(totalOf(byTime)).toBe(Object.values(numbers).reduce((sum, n) => sum + n, 0));
        expect(await kernel.numbers(syncs)).toEqual(new Map([['fsync', 20]]));
        expect(await kernel.numbers(files)).toEqual(
          new Map([
            ['read', 50],
            ['write', 103],
          ]),
        );
        const at = await kernel.read(places);
        expect(totalOf(at)).toBe(3);
        if (at.shape === 'distribution') expect(at.distribution[0]).toBe(LOG_GRID.bucketOf(five));
        const slept = await kernel.read(sleeps);
        expect(totalOf(slept)).toBe(4);
        if (slept.shape === 'distribution')
          eachBucket(slept.distribution, (b) =>
            expect(LOG_GRID.floorOf(b)).toBeGreaterThanOrEqual(19_000_000),
          );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  x64Only('calls with the bit of x32 have names (skipped on arm64)', async () => {
    const comm = own('x32');
    const probe = await kernel.enable('syscall.syscalls', ['syscall'], is('execname', comm));
    perl(`${rename(comm)} for (1..7) { syscall(0x40000000 | 102) }`);
    expect((await kernel.numbers(probe)).get('getuid')).toBe(7);
  });

  test('the sum over any breakdown is the number without one, and a filter that excludes nothing changes nothing', async () => {
    const comm = own('sums');
    const mine = is('execname', comm);
    const metrics = kernel.source
      .offers()
      .flatMap((offer) =>
        'fields' in offer && offer.fields.includes('execname') && offer.fields.includes('threadname')
          ? [offer]
          : [],
      );
    const wanted = [];
    for (const { metric, fields } of metrics) {
      const ask = async (...by: string[]) => ({ metric, by, probe: await kernel.enable(metric, by, mine) });
      wanted.push(await ask());
      for (const field of fields) wanted.push(await ask(field));
      for (const field of fields.filter((f) =>
        ['latency', 'runtime', 'size', 'offset', 'cputime'].includes(f),
      )) {
        const everything = both(mine, { kind: 'compare', op: 'ge', field, constant: 0 });
        wanted.push({ metric, by: [`${field} >= 0`], probe: await kernel.enable(metric, [], everything) });
        wanted.push(await ask('pid', field));
      }
    }
    perl(`${rename(comm)} use IO::Socket::INET;
      my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
      for (1..20) {
        my $pid = fork; if ($pid == 0) { open(G, ">", "/proc/self/comm"); print G "${comm}"; close G; exit 0 } waitpid $pid, 0;
        open(F, "+>", "/tmp/${comm}") or die; print F "x" x 9000; seek(F, 0, 0); read(F, $b, 5000); close F;
        my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport) or die; my $s = $server->accept; close $s; close $c;
        $SIG{USR1} = sub { }; kill 'USR1', $$; system("/bin/true"); select(undef, undef, undef, 0.001);
      }
      unlink "/tmp/${comm}"`);
    const totals = new Map<string, Record<string, number>>();
    for (const { metric, by, probe } of wanted) {
      const row = totals.get(metric) ?? {};
      totals.set(metric, row);
      row[by.join(',')] = totalOf(await kernel.read(probe));
    }
    const seen = [...totals].filter(([, row]) => (row[''] ?? 0) > 0);
    expect(seen.length).toBeGreaterThanOrEqual(8);
    for (const [metric, row] of totals) {
      if (metric === 'cpu.thread_samples') continue; // each question takes samples of its own
      const different = Object.entries(row).filter(([, n]) => n !== row['']);
      expect([metric, row[''], different]).toEqual([metric, row[''], []]);
    }
  }, 120_000);
});
