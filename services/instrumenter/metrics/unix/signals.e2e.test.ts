/* unix.signals on the real kernel: as many as were sent. Needs root. */
import { is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

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
});
