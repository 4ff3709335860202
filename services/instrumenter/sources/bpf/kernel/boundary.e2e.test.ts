/* An event counts in the second of its own time, on the real kernel, also when flip() is late. Needs root. */
import { totalOf } from '../../../../../common/model/value';
import { both, GETPPID, is, onRealKernel, own, perl, rename } from '../testing/real-kernel';

onRealKernel('the end of a second', (kernel) => {
  test('calls after the whole second count to the next, though it is turned 400 ms late', async () => {
    const comm = own('boundary');
    const probe = await kernel.enable(
      'syscall.syscalls',
      [],
      both(is('execname', comm), is('syscall', 'getppid')),
    );
    // Time enough for the program to start.
    const second = Math.ceil(Date.now() / 1000) + 2;
    expect(probe.until(second)).toBe(true);
    // One call each millisecond; the program itself counts the calls made before and after.
    const [before = NaN, after = NaN] = perl(
      `use Time::HiRes qw(time sleep); ${rename(comm)} my @made = (0, 0); my $end = ${second};
         my $wait = $end - 0.2 - time; sleep($wait) if $wait > 0;
         while (time < $end + 0.4) { my $t = time; syscall(${GETPPID}); $made[$t < $end ? 0 : 1]++; sleep(0.001) }
         print "@made"`,
    )
      .split(' ')
      .map(Number);
    const inFirst = totalOf(await kernel.read(probe));
    expect(Math.abs(inFirst - before)).toBeLessThanOrEqual(1);
    expect(inFirst + totalOf(await kernel.read(probe))).toBe(before + after);
    expect(after).toBeGreaterThan(0);
  });

  test('a second that is over already cannot be waited for', async () => {
    const probe = await kernel.enable('unix.proc_execs', []);
    expect(probe.until(Math.floor(Date.now() / 1000))).toBe(false);
  });
});
