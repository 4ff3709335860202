/* syscall.syscalls on the real kernel: as many calls as were made, with their results and times. Needs root. */
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import { totalOf, type Value } from '../../../../common/model/value';
import {
  ARCHITECTURE,
  both,
  distributionOf,
  GETPPID,
  is,
  makeCalls,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

onRealKernel('system calls', (kernel) => {
  test('exactly the calls that were made are counted, by name, call and result', async () => {
    const comm = own('exact');
    const byName = await kernel.enable('syscall.syscalls', ['execname'], is('syscall', 'getppid'));
    const byCall = await kernel.enable('syscall.syscalls', ['syscall'], is('execname', comm));
    const byLatency = await kernel.enable(
      'syscall.syscalls',
      ['execname', 'latency'],
      is('syscall', 'getppid'),
    );
    const byErrno = await kernel.enable(
      'syscall.syscalls',
      ['errno'],
      both(is('execname', comm), is('syscall', 'getppid')),
    );
    makeCalls(comm, 12_345);
    expect((await kernel.numbers(byName)).get(comm)).toBe(12_345);
    expect((await kernel.numbers(byCall)).get('getppid')).toBe(12_345);
    expect(await kernel.numbers(byErrno)).toEqual(new Map([['none', 12_345]]));
    const distribution = await kernel.distribution(byLatency, comm);
    expect(totalCount(distribution)).toBe(12_345);
    eachBucket(distribution, (bucket) => expect(LOG_GRID.floorOf(bucket)).toBeLessThan(1_000_000_000));
  });

  test('failing calls are told apart by their error', async () => {
    const comm = own('errno');
    const probe = await kernel.enable(
      'syscall.syscalls',
      ['errno'],
      both(is('execname', comm), {
        kind: 'or',
        members: [is('syscall', 'rmdir'), is('syscall', 'unlinkat')],
      }),
    );
    makeCalls(comm, 0, 'for (1..77) { rmdir("/nowhere/at/all") }');
    expect(await kernel.numbers(probe)).toEqual(new Map([['ENOENT', 77]]));
  });

  test('CPU time of a call is its latency but for the time that its thread was off the CPU', async () => {
    const comm = own('cputime');
    const nanosleep = ARCHITECTURE === 'x64' ? 35 : 101;
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
        for (1..5000) { syscall(${GETPPID}) }
        sub ran { open(S, "<", "/proc/$$/schedstat"); my ($ns) = split(/ /, <S>); $ns }
        my $before = ran(); while (ran() - $before < 2e8) { for (1..100) { sysread(Z, $b, 4_000_000) } } print((ran() - $before) / 1e9)`),
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
    // CPU time that the kernel has accounted to the program while it read zeros: at least 0.2 s, however fast the machine is.
    const readTime = sumOf(await kernel.read(reading));
    expect(used).toBeGreaterThan(0.2);
    expect(Math.abs(readTime / used - 1)).toBeLessThan(0.3);
    // The latency of a call that does not block equals its CPU time, unless the thread was preempted.
    const [cpuTimes, latencies] = [await kernel.read(short), await kernel.read(shortLatency)];
    const mean = (value: Value): number => {
      let sum = 0;
      eachBucket(distributionOf(value, comm), (bucket, count) => (sum += bucket * count));
      return sum / totalOf(value);
    };
    expect(totalOf(cpuTimes)).toBe(5000);
    expect(Math.abs(mean(cpuTimes) - mean(latencies))).toBeLessThan(10);
  });
});
