/*
 * Machine code of the kernel's BPF machine, instruction by instruction. In: calls in program order, labels for
 * jumps, names for maps. Out: a list of instructions, each with the source it was made from (listing.ts), and bytes.
 *
 * Eleven registers: r0 result, r1-r5 arguments (lost by a call), r6-r9 kept, r10 the frame (read only, 512 bytes below).
 * Formats and numbers: the kernel's Documentation/bpf/standardization/instruction-set.rst.
 */

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
export const FRAME: Register = 10;
export const FRAME_BYTES = 512;

const ALU = {
  '+': 0x00,
  '-': 0x10,
  '*': 0x20,
  '/': 0x30,
  '|': 0x40,
  '&': 0x50,
  '<<': 0x60,
  '>>': 0x70,
  '%': 0x90,
  '=': 0xb0,
  's>>': 0xc0,
} as const;
const JUMP = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  '!=': 0x50,
  '<': 0xa0,
  '<=': 0xb0,
  's>': 0x60,
  's>=': 0x70,
  's<': 0xc0,
  's<=': 0xd0,
} as const;
type AluOp = keyof typeof ALU;
type JumpOp = keyof typeof JUMP;

/** Bits of an operation that say: the right side is a register. */
const BY_REGISTER = 0x08;
const ALU64 = 0x07;
const JMP64 = 0x05;
export const OP = { call: 0x85, exit: 0x95, goto: 0x05, wide: 0x18, atomicAdd: 0xdb } as const;
const LOAD = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 } as const;
const STORE = { 1: 0x73, 2: 0x6b, 4: 0x63, 8: 0x7b } as const;
const STORE_NUMBER = { 1: 0x72, 2: 0x6a, 4: 0x62, 8: 0x7a } as const;
export type Size = keyof typeof LOAD;

/** What the source register's field of a wide load says about its number. */
const WIDE = { number: 0, map: 1, value: 2 } as const;

/** Helpers of the kernel that programs call, by their number (include/uapi/linux/bpf.h). */
export const HELPERS = {
  lookup: 1,
  update: 2,
  remove: 3,
  now: 5,
  cpu: 8,
  processThread: 14,
  comm: 16,
  task: 35,
  cgroup: 80,
  readUser: 112,
  readKernel: 113,
  readUserText: 114,
  readKernelText: 115,
  typedTask: 158,
} as const;
type Helper = keyof typeof HELPERS;

/** A place in the program that jumps lead to. */
export interface Label {
  at: number | undefined;
}

export interface Instruction {
  readonly op: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly number: number;
  /** The number of a wide load, which takes two places. */
  readonly wide?: bigint;
  /** The map that a wide load refers to. */
  readonly map?: string;
  readonly to?: Label;
  /** The piece of source it was made from. */
  readonly from: string;
}

export const INSTRUCTION_BYTES = 8;

/** True when an instruction can hold the number itself (32 bits, its sign extended to 64). */
export function fitsInline(value: bigint): boolean {
  return value >= 0n && value < 0x8000_0000n;
}

export class Assembler {
  readonly instructions: Instruction[] = [];
  private places = 0;
  private from = '';
  private readonly limit: number;

  /** Throws a RangeError once the program has more than `limit` places. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Instructions that `emit` makes are listed beside this text. */
  source<T>(text: string, emit: () => T): T {
    const outer = this.from;
    this.from = text;
    try {
      return emit();
    } finally {
      this.from = outer;
    }
  }

  label(): Label {
    return { at: undefined };
  }

  place(label: Label): void {
    label.at = this.places;
  }

  alu(op: AluOp, dst: Register, right: number): void {
    this.add({ op: ALU[op] | ALU64, dst, number: right });
  }

  aluRegister(op: AluOp, dst: Register, src: Register): void {
    this.add({ op: ALU[op] | ALU64 | BY_REGISTER, dst, src });
  }

  /** dst = any 64-bit number, in the shortest form. */
  number(dst: Register, value: bigint): void {
    const unsigned = BigInt.asUintN(64, value);
    if (fitsInline(unsigned)) this.alu('=', dst, Number(unsigned));
    else this.add({ op: OP.wide, dst, src: WIDE.number, wide: unsigned });
  }

  map(dst: Register, map: string): void {
    this.add({ op: OP.wide, dst, src: WIDE.map, map, wide: 0n });
  }

  /** dst = address of byte `offset` of an array map's only value. */
  mapValue(dst: Register, map: string, offset: number): void {
    this.add({ op: OP.wide, dst, src: WIDE.value, map, wide: BigInt(offset) << 32n });
  }

  load(size: Size, dst: Register, src: Register, offset: number): void {
    this.add({ op: LOAD[size], dst, src, offset });
  }

  store(size: Size, dst: Register, offset: number, src: Register): void {
    this.add({ op: STORE[size], dst, src, offset });
  }

  storeNumber(size: Size, dst: Register, offset: number, number: number): void {
    this.add({ op: STORE_NUMBER[size], dst, offset, number });
  }

  atomicAdd(dst: Register, offset: number, src: Register): void {
    this.add({ op: OP.atomicAdd, dst, src, offset });
  }

  goto(to: Label): void {
    this.add({ op: OP.goto, to });
  }

  jump(op: JumpOp, left: Register, right: number, to: Label): void {
    this.add({ op: JUMP[op] | JMP64, dst: left, number: right, to });
  }

  jumpRegister(op: JumpOp, left: Register, right: Register, to: Label): void {
    this.add({ op: JUMP[op] | JMP64 | BY_REGISTER, dst: left, src: right, to });
  }

  call(helper: Helper): void {
    this.add({ op: OP.call, number: HELPERS[helper] });
  }

  /** Ends with 0, as tracepoints want it. */
  exit(): void {
    this.alu('=', 0, 0);
    this.end();
  }

  /** Ends with r0 as it is. */
  end(): void {
    this.add({ op: OP.exit });
  }

  private add(part: Partial<Instruction> & { op: number }): void {
    this.places += part.op === OP.wide ? 2 : 1;
    if (this.places > this.limit) {
      throw new RangeError(`the question needs more than ${this.limit} instructions`);
    }
    this.instructions.push({ dst: 0, src: 0, offset: 0, number: 0, from: this.from, ...part });
  }
}

/** Bytes for the kernel. `descriptorOf` knows the file descriptor of each map. */
export function encode(instructions: readonly Instruction[], descriptorOf: (map: string) => number): Buffer {
  const words: Buffer[] = [];
  let at = 0;
  for (const i of instructions) {
    const offset = i.to === undefined ? i.offset : (i.to.at ?? NaN) - at - 1;
    if (!Number.isInteger(offset)) throw new Error('a jump leads to a label that was never placed');
    const low = i.map === undefined ? Number((i.wide ?? 0n) & 0xffff_ffffn) : descriptorOf(i.map);
    words.push(word(i.op, i.dst, i.src, offset, i.op === OP.wide ? low : i.number));
    if (i.op === OP.wide) words.push(word(0, 0, 0, 0, Number((i.wide ?? 0n) >> 32n)));
    at += i.op === OP.wide ? 2 : 1;
  }
  return Buffer.concat(words);
}

function word(op: number, dst: number, src: number, offset: number, number: number): Buffer {
  const bytes = Buffer.alloc(INSTRUCTION_BYTES);
  bytes[0] = op;
  bytes[1] = (src << 4) | dst;
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(number | 0, 4);
  return bytes;
}
