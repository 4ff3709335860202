/*
 * A 32-bit program, made by hand: no compiler for 32 bits is needed to have one. In: system calls, one after another.
 * Out: the bytes of an ELF file that makes them and exits. Linux on x86-64 runs it where CONFIG_IA32_EMULATION is set.
 */

/** Addresses: the file is mapped here, and its data lies behind its code. */
const BASE = 0x0804_8000;
const HEADER_BYTES = 52 + 32;
const DATA_BYTES = 4096;

/** ebx, ecx, edx, esi, edi in this order; text becomes the address of its bytes with a NUL. */
export interface I386Call {
  readonly number: number;
  readonly arguments?: readonly (number | string | Buffer)[];
  readonly times?: number;
}

/** Opcodes of `mov register, imm32`. */
const MOVES = [0xbb, 0xb9, 0xba, 0xbe, 0xbf];
const MOVE_EAX = 0xb8;
const INT_80 = Buffer.from([0xcd, 0x80]);

export function i386Program(calls: readonly I386Call[]): Buffer {
  const all = [...calls, { number: 1, arguments: [0] }];
  const codeBytes = all.reduce(
    (sum, call) => sum + (call.times ?? 1) * (5 * (1 + (call.arguments?.length ?? 0)) + INT_80.length),
    0,
  );
  const data: Buffer[] = [];
  const addressOf = (bytes: Buffer): number => {
    const at = BASE + HEADER_BYTES + codeBytes + data.reduce((sum, b) => sum + b.length, 0);
    data.push(bytes);
    return at;
  };
  const move = (opcode: number, value: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes[0] = opcode;
    bytes.writeUInt32LE(value >>> 0, 1);
    return bytes;
  };
  const code = Buffer.concat(
    all.flatMap((call) => {
      const moves = (call.arguments ?? []).map((argument, i) =>
        move(
          MOVES[i] ?? 0,
          typeof argument === 'number'
            ? argument
            : addressOf(typeof argument === 'string' ? Buffer.from(`${argument}\0`) : argument),
        ),
      );
      const one = Buffer.concat([...moves, move(MOVE_EAX, call.number), INT_80]);
      return Array.from({ length: call.times ?? 1 }, () => one);
    }),
  );
  const body = Buffer.concat([code, ...data, Buffer.alloc(DATA_BYTES)]);
  const bytes = HEADER_BYTES + body.length;
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('\x7fELF\x01\x01\x01', 0, 'latin1');
  const words: [offset: number, value: number, bytes: 2 | 4][] = [
    [16, 2, 2], // an executable
    [18, 3, 2], // for i386
    [20, 1, 4],
    [24, BASE + HEADER_BYTES, 4], // entry
    [28, 52, 4], // program headers
    [40, 52, 2],
    [42, 32, 2],
    [44, 1, 2],
    [52, 1, 4], // PT_LOAD
    [60, BASE, 4],
    [64, BASE, 4],
    [68, bytes, 4],
    [72, bytes, 4],
    [76, 7, 4], // read, write, execute
    [80, 4096, 4],
  ];
  for (const [offset, value, size] of words) {
    if (size === 2) header.writeUInt16LE(value, offset);
    else header.writeUInt32LE(value, offset);
  }
  return Buffer.concat([header, body]);
}
