/* What the kernel’s system call for BPF says when it refuses, and how to wait until programs have ended. Needs root. */
import { Assembler, encode } from '../compiler/instructions/assembler';
import { Kernel, KernelError } from './kernel';
import { ARCHITECTURE, onRealKernel } from '../testing/real-kernel';

onRealKernel('the system call', () => {
  test('what the verifier refuses is an error with its own last words', () => {
    const kernel = new Kernel(ARCHITECTURE);
    const asm = new Assembler(10);
    asm.load(8, 0, 5, 0); // a register that holds nothing
    asm.end();
    const load = (): unknown =>
      kernel.load(
        'bad',
        encode(asm.instructions, () => 0),
      );
    expect(load).toThrow(KernelError);
    try {
      load();
    } catch (error) {
      expect((error as KernelError).log).toContain('R5 !read_ok');
    }
  });

  test('waiting for programs to end works also where membarrier is refused', async () => {
    const kernel = new Kernel(ARCHITECTURE);
    const internals = kernel as unknown as { numbers: { bpf: number; membarrier: number } };
    internals.numbers = { ...internals.numbers, membarrier: 100_000 };
    await kernel.gracePeriod();
    kernel.release();
  });

  test('those who wait in one turn of the event loop wait for the same grace period', async () => {
    const kernel = new Kernel(ARCHITECTURE);
    const first = kernel.gracePeriod();
    expect(kernel.gracePeriod()).toBe(first);
    await first;
    expect(kernel.gracePeriod()).not.toBe(first);
  });
});
