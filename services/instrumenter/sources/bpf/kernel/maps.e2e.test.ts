/* Maps that are full, read while they are written, or hold more keys than may leave: every event is accounted for. Needs root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { totalOf } from '../../../../../common/model/value';
import {
  both,
  GETPPID,
  instrumentation,
  is,
  makeCalls,
  numbersOf,
  onRealKernel,
  own,
  perl,
  rename,
} from '../testing/real-kernel';
import { sourceWithRoomFor } from '../testing/small-source';
import { KEYS_PER_SECOND } from '../../../gather/tick';

onRealKernel('maps', (kernel) => {
  test('a second that is read is empty afterwards, and no call falls between two seconds', async () => {
    const comm = own('turns');
    const probe = await kernel.enable(
      'syscall.syscalls',
      ['execname', 'latency'],
      both(is('execname', comm), is('syscall', 'getppid')),
    );
    const calls = 400_000;
    const storm = spawn('perl', ['-e', `${rename(comm)} for (1..${calls}) { syscall(${GETPPID}) }`]);
    const over = new Promise((resolve) => storm.on('exit', resolve));
    let seen = 0;
    let turns = 0;
    let running = true;
    void over.then(() => (running = false));
    const turn = async (): Promise<void> => {
      probe.flip();
      await kernel.source.settle();
      const { value, lost } = await probe.read();
      seen += totalOf(value) + lost;
      turns++;
    };
    while (running) await turn();
    expect(turns).toBeGreaterThan(3);
    await turn();
    await turn();
    expect(seen).toBe(calls);
    expect(totalOf(await kernel.read(probe))).toBe(0);
  });

  test('a map that is full loses nothing silently: kept and lost add up', async () => {
    const probe = await kernel.enable('unix.proc_execs', ['pid']);
    // The same program over a map of a few entries: what does not fit must be in `lost`.
    const small = sourceWithRoomFor({ counts: 4 });
    const full = await small.enable(
      instrumentation('unix.proc_execs', ['pid'], is('pexecname', own('full'))),
    );
    try {
      perl(`${rename(own('full'))} for (1..20) { if (!fork) { exec "/bin/true" } wait }`);
      full.flip();
      await small.settle();
      const { value, lost } = await full.read();
      expect(numbersOf(value).size).toBeLessThanOrEqual(4);
      expect(lost).toBeGreaterThan(0);
      expect(totalOf(value) + lost).toBe(20);
      full.flip();
      await small.settle();
      expect((await full.read()).lost).toBe(0);
    } finally {
      small.close();
    }
    expect(totalOf(await kernel.read(probe))).toBeGreaterThanOrEqual(20);
  });

  test('in a storm from all CPUs what is counted and what is lost add up to what was done, in each second', async () => {
    // A map too small for all keys: much is lost, and all of it must be reported.
    const small = sourceWithRoomFor({ counts: 16 });
    const comm = own('flood');
    const asked = [
      'syscall.syscalls',
      ['execname', 'latency'],
      both(is('execname', comm), is('syscall', 'getppid')),
    ] as const;
    try {
      const lossy = await small.enable(instrumentation(...asked));
      const whole = await kernel.enable(...asked);
      const calls = 600_000;
      const storms = [1, 2].map(async () => {
        const storm = spawn('perl', ['-e', `${rename(comm)} for (1..${calls}) { syscall(${GETPPID}) }`]);
        await once(storm, 'exit');
      });
      let running = true;
      const over = Promise.all(storms).then(() => (running = false));
      const sums = { lossy: 0, lost: 0, whole: 0 };
      const turn = async (): Promise<void> => {
        lossy.flip();
        whole.flip();
        await kernel.source.settle();
        const [a, b] = [await lossy.read(), await whole.read()];
        expect(b.lost).toBe(0);
        sums.lossy += totalOf(a.value);
        sums.lost += a.lost;
        sums.whole += totalOf(b.value);
      };
      while (running) await turn();
      await over;
      await turn();
      await turn();
      expect(sums.lost).toBeGreaterThan(0);
      expect([sums.lossy + sums.lost, sums.whole]).toEqual([2 * calls, 2 * calls]);
    } finally {
      small.close();
    }
  }, 60_000);

  test('of very many keys none is lost', async () => {
    const probe = await kernel.enable('syscall.syscalls', ['pid'], is('syscall', 'getppid'));
    // More than leave the node: the largest are chosen when the second is sent.
    const children = KEYS_PER_SECOND + 50;
    makeCalls(own('keys'), 0, `for (1..${children}) { if (!fork) { syscall(${GETPPID}); exit } wait }`);
    const numbers = await kernel.numbers(probe);
    expect(numbers.size).toBeGreaterThanOrEqual(children);
    expect([...numbers.values()].reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(children);
  });
});
