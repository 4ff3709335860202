/* cpu.thread_executions and cpu.runqueue_waits on the real kernel, of programs that are busy or in a queue. Needs root. */
import { spawnSync } from 'node:child_process';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket } from '../../../../common/model/distribution';
import { is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

onRealKernel('time on the CPU and in its queue', (kernel) => {
  test('time on the CPU adds up to what /proc says of a busy process', async () => {
    const comm = own('busy');
    const probe = await kernel.enable(
      'cpu.thread_executions',
      ['leavereason', 'runtime'],
      is('execname', comm),
    );
    const script = `${rename(comm)} while ((times)[0] < 0.3) { for my $i (1..1e5) { } } open(S, "/proc/$$/schedstat"); print scalar <S>;`;
    const ran = Number(perl(script).split(' ')[0]);
    const value = await kernel.read(probe);
    if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
    let counted = 0;
    for (const distribution of value.distributions.values()) {
      eachBucket(distribution, (bucket, count) => {
        counted += (count * (LOG_GRID.floorOf(bucket) + LOG_GRID.ceilOf(bucket))) / 2;
      });
    }
    expect(value.distributions.has('exited')).toBe(true);
    // 5 % for the buckets, 10 % for what ran before the name was set and after the print.
    expect(Math.abs(counted - ran) / ran).toBeLessThan(0.15);
  });

  test('a thread that cannot run because another one does is seen waiting', async () => {
    const probe = await kernel.enable(
      'cpu.runqueue_waits',
      ['execname', 'latency'],
      is('execname', own('queue')),
    );
    const script = `${rename(own('queue'))} for (1..3) { if (!fork) { while ((times)[0] < 0.2) { for my $i (1..1e5) { } } exit } } wait for 1..3`;
    // Three runnable threads on one CPU.
    spawnSync('taskset', ['-c', '0', 'perl', '-e', script]);
    let waited = 0;
    eachBucket(
      await kernel.distribution(probe, own('queue')),
      (bucket, count) => (waited += count * LOG_GRID.floorOf(bucket)),
    );
    // 0.6 s of work for one CPU, in turns: while one runs the two others wait.
    expect(waited).toBeGreaterThan(400_000_000);
  });
});
