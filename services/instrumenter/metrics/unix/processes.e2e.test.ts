/* unix.proc_execs, proc_exits, proc_forks and thr_creates on the real kernel: as many as were made. Needs root. */
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import { totalOf } from '../../../../common/model/value';
import { is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

onRealKernel('lives of processes', (kernel) => {
  test('processes that are started, forked and ended are counted under their names', async () => {
    const parent = is('pexecname', own('proc'));
    const execs = await kernel.enable('unix.proc_execs', ['execname'], parent);
    const exits = await kernel.enable('unix.proc_exits', ['execname', 'walltime'], parent);
    const forks = await kernel.enable('unix.proc_forks', ['execname'], is('execname', own('proc')));
    const threads = await kernel.enable('unix.thr_creates', ['execname'], is('execname', own('proc')));
    perl(`${rename(own('proc'))} for (1..7) { if (!fork) { exec "/bin/true" } wait }`);
    expect(await kernel.numbers(execs)).toEqual(new Map([['true', 7]]));
    expect(await kernel.numbers(forks)).toEqual(new Map([[own('proc'), 7]]));
    expect(totalOf(await kernel.read(threads))).toBe(0);
    const lives = await kernel.distribution(exits, 'true');
    expect(totalCount(lives)).toBe(7);
    eachBucket(lives, (bucket) => {
      expect(LOG_GRID.floorOf(bucket)).toBeGreaterThan(10_000);
      expect(LOG_GRID.floorOf(bucket)).toBeLessThan(60_000_000_000);
    });
  });
});
