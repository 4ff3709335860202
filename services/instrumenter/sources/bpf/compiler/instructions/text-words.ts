/*
 * Texts in the frame, eight bytes at a time. In: the frame offset of a text. Out: instructions that clear it, put blanks
 * for its NULs, or compare it with a constant.
 */
import { FRAME, fitsInline, type Assembler, type Label } from './assembler';

const CHUNK = 8;
const LOWER_BITS = 0x7f7f_7f7f_7f7f_7f7fn;
/** From a byte's eighth bit to a blank. */
const BLANK_SHIFT = 2;

export function emitZeros(asm: Assembler, at: number, bytes: number): void {
  for (let i = 0; i < bytes; i += CHUNK) asm.storeNumber(8, FRAME, at + i, 0);
}

const LOWEST_BITS = 0x0101_0101_0101_0101n;
const HIGHEST_BITS = 0x8080_8080_8080_8080n;

/**
 * Copies a name of whole words from r0 and an offset. Zeros behind its end: there may be the rest of an older, longer
 * name (before Linux 5.17).
 */
export function emitName(asm: Assembler, from: number, at: number, bytes: number): void {
  const done = asm.label();
  asm.number(2, LOWEST_BITS);
  asm.number(5, HIGHEST_BITS);
  for (let i = 0; i < bytes; i += CHUNK) {
    const whole = asm.label();
    asm.load(8, 1, 0, from + i);
    // In a word less one for each byte, the highest bit of the first byte that is zero is set where it was not.
    asm.aluRegister('=', 3, 1);
    asm.aluRegister('-', 3, 2);
    asm.alu('=', 4, -1);
    asm.aluRegister('-', 4, 1);
    asm.aluRegister('&', 3, 4);
    asm.aluRegister('&', 3, 5);
    asm.jump('==', 3, 0, whole);
    // The bits below that byte: the lowest bit that is set, moved to its byte's lowest, less one.
    asm.alu('=', 4, 0);
    asm.aluRegister('-', 4, 3);
    asm.aluRegister('&', 3, 4);
    asm.alu('>>', 3, 7);
    asm.alu('+', 3, -1);
    asm.aluRegister('&', 1, 3);
    asm.store(8, FRAME, at + i, 1);
    emitZeros(asm, at + i + CHUNK, bytes - i - CHUNK);
    asm.goto(done);
    asm.place(whole);
    if (i + CHUNK === bytes) {
      asm.alu('<<', 1, CHUNK);
      asm.alu('>>', 1, CHUNK);
    }
    asm.store(8, FRAME, at + i, 1);
  }
  asm.place(done);
}

export function emitBlanks(asm: Assembler, at: number, bytes: number): void {
  // A byte that is zero has no bit in its lower seven that carries into its eighth, nor the eighth itself.
  asm.number(1, LOWER_BITS);
  for (let i = 0; i < bytes; i += CHUNK) {
    asm.load(8, 0, FRAME, at + i);
    asm.aluRegister('=', 2, 0);
    asm.aluRegister('&', 2, 1);
    asm.aluRegister('+', 2, 1);
    asm.aluRegister('|', 2, 0);
    asm.aluRegister('|', 2, 1);
    asm.alu('=', 3, -1);
    asm.aluRegister('-', 3, 2);
    asm.alu('>>', 3, BLANK_SHIFT);
    asm.aluRegister('|', 0, 3);
    asm.store(8, FRAME, at + i, 0);
  }
}

/** What a text is compared with: so many bytes of it, and what the rest is filled up with. */
interface Constant {
  readonly bytes: Buffer;
  readonly within: number;
  readonly fill: number;
}

/**
 * Goes to `to` when the text at `at` is the constant, or is not: as `wanted` has it. Compares up to the piece that holds
 * the constant's end: behind it both are zero. Blanks are compared to the end.
 */
export function emitComparison(
  asm: Assembler,
  at: number,
  { bytes, within, fill }: Constant,
  wanted: boolean,
  to: Label,
): void {
  const differ = asm.label();
  const pieces = fill === 0 ? Math.floor(bytes.length / CHUNK) + 1 : within / CHUNK;
  const constant = Buffer.alloc(pieces * CHUNK, fill);
  bytes.copy(constant);
  for (let i = 0; i < pieces; i++) {
    const piece = constant.readBigUInt64LE(i * CHUNK);
    asm.load(8, 0, FRAME, at + i * CHUNK);
    const isLast = i === pieces - 1;
    const op = isLast && wanted ? '==' : '!=';
    const target = isLast || !wanted ? to : differ;
    if (fitsInline(piece)) {
      asm.jump(op, 0, Number(piece), target);
    } else {
      asm.number(1, piece);
      asm.jumpRegister(op, 0, 1, target);
    }
  }
  asm.place(differ);
}
