/*
 * The 512 bytes of memory that a program has, given out and taken back in the order of a stack.
 * In: sizes. Out: offsets from the frame register, all multiples of 8.
 */
import { FRAME_BYTES } from './assembler';

/**
 * What has to be at hand whatever else is remembered: what was kept (8 values), the longest text, the identity, the
 * amount, and operands that wait for others.
 */
const NEEDED_BYTES = 200;

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

  /** As allocate, for what can be computed again; undefined when there is no room to spare. */
  spare(bytes: number): number | undefined {
    return this.hasSpare(bytes) ? this.allocate(bytes) : undefined;
  }

  hasSpare(bytes: number): boolean {
    return this.used + Math.ceil(bytes / 8) * 8 <= FRAME_BYTES - NEEDED_BYTES;
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
