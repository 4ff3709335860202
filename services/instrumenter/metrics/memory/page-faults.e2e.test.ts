/* memory.page_faults on the real kernel, against its own count for a program that grows. Needs root. */
import { is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

onRealKernel('page faults', (kernel) => {
  test('page faults of a growing program are those that the kernel has counted for it', async () => {
    const comm = own('faults');
    const probe = await kernel.enable('memory.page_faults', ['optype'], is('execname', comm));
    const faults = Number(
      perl(`sub faults { open(S, "<", "/proc/self/stat"); (split / /, <S>)[9] }
        ${rename(comm)} my $before = faults();
        my @all = map { "x" x 3000 } 1..20000;
        print faults() - $before`),
    );
    const value = await kernel.numbers(probe);
    const writes = value.get('write') ?? 0;
    expect(faults).toBeGreaterThan(500);
    // Some faults are the kernel's own, on the program's behalf; some come after the count was printed.
    expect(Math.abs(writes - faults) / faults).toBeLessThan(0.1);
  });

  test('faults that a system call takes in a program’s memory count too', async () => {
    const comm = own('inread');
    const probe = await kernel.enable('memory.page_faults', ['execname'], is('execname', comm));
    const counted = Number(
      perl(`sub faults { open(S, "<", "/proc/self/stat"); (split / /, <S>)[9] }
        ${rename(comm)} open(Z, "<", "/dev/zero"); my $before = faults();
        sysread(Z, my $b, 2000 * 4096); print faults() - $before`),
    );
    const value = (await kernel.numbers(probe)).get(comm) ?? 0;
    expect(counted).toBeGreaterThan(1000);
    expect(Math.abs(value - counted)).toBeLessThan(0.1 * counted);
  });
});
