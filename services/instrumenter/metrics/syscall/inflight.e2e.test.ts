/* syscall.inflight on the real kernel: calls that have not returned, with their age, whenever they began. Needs root. */
import { spawn, type ChildProcess } from 'node:child_process';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket } from '../../../../common/model/distribution';
import { totalOf, type Value } from '../../../../common/model/value';
import {
  both,
  distributionOf,
  is,
  onRealKernel,
  own,
  perl,
  rename,
} from '../../sources/bpf/testing/real-kernel';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function ages(value: Value, key: string): number[] {
  const all: number[] = [];
  eachBucket(distributionOf(value, key), (bucket, count) => {
    for (let i = 0; i < count; i++) all.push(LOG_GRID.floorOf(bucket) / 1e9);
  });
  return all;
}

/** Blocks in a read that never returns; resolves once it blocks. */
async function reader(comm: string): Promise<ChildProcess> {
  const child = spawn('perl', ['-e', `${rename(comm)} $| = 1; print "x"; sysread(STDIN, my $b, 1)`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await pause(50);
  return child;
}

onRealKernel('calls in progress', (kernel) => {
  test('a read that hangs counts in each second in which it does, and is as old as it is', async () => {
    const comm = own('hangs');
    const probe = await kernel.enable('syscall.inflight', ['syscall', 'latency'], is('execname', comm));
    const child = await reader(comm);
    const began = performance.now();
    try {
      for (let second = 1; second <= 3; second++) {
        await pause(700);
        const value = await kernel.read(probe);
        const most = (performance.now() - began) / 1000;
        expect(totalOf(value)).toBe(1);
        const [age = NaN] = ages(value, 'read');
        expect(age).toBeGreaterThan(0.69 * second);
        expect(age).toBeLessThan(most + 0.3);
      }
    } finally {
      child.kill();
    }
    await new Promise((resolve) => child.once('exit', resolve));
    expect(totalOf(await kernel.read(probe))).toBe(0);
  });

  test('what was hanging before anybody asked is found, with its name and the time that it waits', async () => {
    const comm = own('hung');
    const child = await reader(comm);
    try {
      await pause(1500);
      const mine = is('execname', comm);
      const byCall = await kernel.enable('syscall.inflight', ['syscall', 'latency'], mine);
      const byPid = await kernel.enable('syscall.inflight', ['pid'], both(mine, is('syscall', 'read')));
      const long = await kernel.enable(
        'syscall.inflight',
        [],
        both(mine, { kind: 'compare', op: 'ge', field: 'latency', constant: 1_400_000_000 }),
      );
      const value = await kernel.read(byCall);
      const [age = NaN] = ages(value, 'read');
      expect(totalOf(value)).toBe(1);
      expect(age).toBeGreaterThan(1.3);
      expect(age).toBeLessThan(8);
      expect(await kernel.numbers(byPid)).toEqual(new Map([[String(child.pid), 1]]));
      expect(totalOf(await kernel.read(long))).toBe(1);
    } finally {
      child.kill();
    }
  });

  test('calls that have returned, threads that compute and those that have ended are in no call', async () => {
    const comm = own('busy');
    const probe = await kernel.enable('syscall.inflight', [], is('execname', comm));
    const child = spawn('perl', ['-e', `${rename(comm)} $| = 1; print "x"; 1 while 1`]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await pause(100);
    const after = await kernel.enable('syscall.inflight', [], is('execname', comm));
    try {
      for (let i = 0; i < 20; i++) {
        await pause(20);
        expect([totalOf(await kernel.read(probe)), totalOf(await kernel.read(after))]).toEqual([0, 0]);
      }
    } finally {
      child.kill();
    }
    perl(`${rename(comm)} for (1..500) { getppid }`);
    expect(totalOf(await kernel.read(probe))).toBe(0);
  });

  test('the sum over a breakdown is the number without one', async () => {
    const comm = own('many');
    const children = await Promise.all([1, 2, 3].map(() => reader(comm)));
    const fields = ['execname', 'threadname', 'pid', 'ppid', 'pexecname', 'psargs', 'syscall', 'zonename'];
    try {
      for (const by of [[], ['latency'], ...fields.map((field) => [field]), ['pid', 'latency']]) {
        const probe = await kernel.enable('syscall.inflight', by, is('execname', comm));
        expect([by, totalOf(await kernel.read(probe))]).toEqual([by, 3]);
      }
    } finally {
      for (const child of children) child.kill();
    }
  });
});
