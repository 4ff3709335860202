/*
 * The 512 bytes of memory that a program has, given out and taken back in the order of a stack.
 * In: sizes. Out: offsets from the frame register, all multiples of 8.
 */
import { FRAME_BYTES } from './assembler';

export class Frame {
  private used = 0;

  /** Throws a RangeError when the program needs more memory than there is. */
  allocate(bytes: number): number {
    this.used += Math.ceil(bytes / 8) * 8;
    if (this.used > FRAME_BYTES) {
      throw new RangeError(`the question needs more than the ${FRAME_BYTES} bytes of memory of a program`);
    }
    return -this.used;
  }

  /** What `emit` allocates is free again afterwards. */
  within<T>(emit: () => T): T {
    const before = this.used;
    try {
      return emit();
    } finally {
      this.used = before;
    }
  }
}
