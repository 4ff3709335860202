/* unix.signals on the real kernel: as many as were sent. Needs root. */
import { both, is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

onRealKernel('signals', (kernel) => {
  test('signals are counted by who sends them, which, and to whom', async () => {
    const comm = own('signals');
    const probe = await kernel.enable('unix.signals', ['signal'], is('execname', comm));
    const toWhom = await kernel.enable('unix.signals', ['texecname'], is('signal', 'SIGUSR2'));
    perl(`${rename(comm)} $SIG{USR1} = sub { }; $SIG{USR2} = 'IGNORE';
      for (1..30) { kill 'USR1', $$ } for (1..12) { kill 'USR2', $$ }`);
    const numbers = await kernel.numbers(probe);
    expect([numbers.get('SIGUSR1'), numbers.get('SIGUSR2')]).toEqual([30, 12]);
    expect((await kernel.numbers(toWhom)).get(comm)).toBe(12);
  });

  test('a timer’s signal comes from the program that set the timer, not from whoever was running', async () => {
    const comm = own('timer');
    const probe = await kernel.enable('unix.signals', ['execname'], is('signal', 'SIGALRM'));
    const fromTimer = await kernel.enable(
      'unix.signals',
      ['texecname'],
      both(is('signal', 'SIGALRM'), is('execname', comm)),
    );
    perl(`use Time::HiRes qw(setitimer ITIMER_REAL); ${rename(comm)} my $n = 0; $SIG{ALRM} = sub { $n++ };
      my @hogs = map { my $pid = fork; if ($pid == 0) { open(G, ">", "/proc/self/comm"); syswrite(G, "hog"); 1 while 1 } $pid } (1..3);
      setitimer(ITIMER_REAL, 0.01, 0.01); select(undef, undef, undef, 0.05) while $n < 20;
      setitimer(ITIMER_REAL, 0); kill 'KILL', @hogs`);
    const numbers = await kernel.numbers(probe);
    // Some hosts' kernels hide processes of theirs from tracing programs: what interrupts these is not seen.
    expect(numbers.get(comm)).toBeGreaterThanOrEqual(5);
    expect([...numbers.keys()]).not.toContain('hog');
    expect([...(await kernel.numbers(fromTimer)).keys()]).toEqual([comm]);
  });
});
