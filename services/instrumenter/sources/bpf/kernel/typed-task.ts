/*
 * Whether programs may read the running task directly. In: the kernel. Out: true where it accepts a program that does
 * (Linux 5.11). Tried once, without running it.
 */
import { Assembler, encode } from '../compiler/instructions/assembler';
import { MissingError, type KernelTypes } from './kernel-types';
import { KernelError, type Kernel } from './kernel';

const LIMIT = 16;

/** Does not throw if the kernel lacks something. */
export function hasTypedTask(kernel: Kernel, types: Pick<KernelTypes, 'walk'>): boolean {
  try {
    const [leader, name] = ['group_leader', 'comm'].map((path) => types.walk('task_struct', path).offset);
    const asm = new Assembler(LIMIT);
    asm.call('typedTask');
    asm.load(8, 0, 0, leader ?? 0);
    asm.load(8, 1, 0, name ?? 0);
    asm.exit();
    kernel.raiseLockedMemory();
    const code = encode(asm.instructions, () => -1);
    kernel.close(kernel.load('try', code));
    return true;
  } catch (error) {
    if (error instanceof KernelError || error instanceof MissingError) return false;
    throw error;
  }
}
