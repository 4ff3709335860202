/* cpu.thread_samples on the real kernel, against the time that programs say they had. Needs root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { KERNEL } from '../../sources/bpf/kernel/functions';
import { is, onRealKernel, own, perl, rename } from '../../sources/bpf/testing/real-kernel';

onRealKernel('samples of threads', (kernel) => {
  test('a program is seen on a CPU as often as it has run there: 99 times for each second', async () => {
    const comm = own('samples');
    const probe = await kernel.enable('cpu.thread_samples', ['execname'], is('execname', comm));
    const ran = Number(
      perl(`${rename(comm)} while ((times)[0] < 1) { for my $i (1..1e5) { } }
        open(S, "<", "/proc/$$/schedstat"); print((split / /, <S>)[0])`),
    );
    const count = (await kernel.numbers(probe)).get(comm) ?? 0;
    // Chance: five standard deviations would be half of it, were the samples not as regular as they are.
    expect(Math.abs(count / 99 / (ran / 1e9) - 1)).toBeLessThan(0.2);
  });

  test('samples are told apart by function: of libraries by their files’ symbols, of the kernel by its own', async () => {
    const comm = own('functions');
    const probe = await kernel.enable('cpu.thread_samples', ['function'], is('execname', comm));
    // Read while it still runs: the mappings of a process that has exited are not known.
    const child = spawn('perl', [
      '-e',
      `${rename(comm)} open(Z, "<", "/dev/zero"); $| = 1;
       while ((times)[0] < 0.5) { for my $i (1..1e5) { $x = $i . "y" } } while ((times)[1] < 0.7) { sysread(Z, $b, 4_000_000) }
       print "done"; sleep 60`,
    ]);
    try {
      await once(child.stdout, 'data');
      const numbers = await kernel.numbers(probe);
      const symbols = readFileSync('/proc/kallsyms', 'latin1');
      const isKernel = (name: string): boolean =>
        symbols.includes(` ${name}\n`) || symbols.includes(` ${name}\t`);
      const sum = (of: (name: string) => boolean): number =>
        [...numbers].reduce((total, [name, count]) => total + (of(name) ? count : 0), 0);
      // Perl's own functions, of libperl or of perl itself.
      expect(sum((name) => /^(Perl_|S_|_*malloc|cfree|_?_?libc|\[perl)/.test(name))).toBeGreaterThan(15);
      expect(sum((name) => isKernel(name))).toBeGreaterThan(30);
      expect(sum((name) => name === KERNEL)).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('the idle thread is nobody’s sample', async () => {
    const probe = await kernel.enable('cpu.thread_samples', ['execname']);
    perl('select(undef, undef, undef, 0.3)');
    const names = [...(await kernel.numbers(probe)).keys()];
    expect(names.filter((name) => name.startsWith('swapper'))).toEqual([]);
  });
});
