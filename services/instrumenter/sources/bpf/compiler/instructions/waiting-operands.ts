/*
 * Where an operand waits while another is computed: in r7, r8 or r9, then in the frame. In: the code in between.
 * Out: instructions that put the number there and take it back.
 */
import { FRAME, type Assembler, type Register } from './assembler';
import type { Frame } from './frame';

const SPARE: readonly Register[] = [7, 8, 9];

export class WaitingOperands {
  private readonly asm: Assembler;
  private readonly frame: Frame;
  private spare = SPARE.length;

  constructor(asm: Assembler, frame: Frame) {
    this.asm = asm;
    this.frame = frame;
  }

  /** A place for a number that must outlive other computing. */
  hold(emit: (put: (from: Register) => void, take: (to: Register) => void) => void): void {
    const { asm, frame } = this;
    const register = SPARE[SPARE.length - this.spare];
    if (register !== undefined) {
      this.spare--;
      emit(
        (from) => asm.aluRegister('=', register, from),
        (to) => asm.aluRegister('=', to, register),
      );
      this.spare++;
      return;
    }
    // Not given back before the scope ends: what `emit` remembers may lie behind it.
    const at = frame.allocate(8);
    emit(
      (from) => asm.store(8, FRAME, at, from),
      (to) => asm.load(8, to, FRAME, at),
    );
  }
}
