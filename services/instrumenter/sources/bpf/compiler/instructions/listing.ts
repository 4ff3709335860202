/*
 * A compiled program as text, for people: each instruction, and beside it the piece of source it was made from.
 * In: instructions. Out: lines.
 */
import { encode, HELPERS, OP, type Instruction } from './assembler';

const ALU_TEXT: Readonly<Record<number, string>> = {
  0x00: '+=',
  0x10: '-=',
  0x20: '*=',
  0x30: '/=',
  0x40: '|=',
  0x50: '&=',
  0x60: '<<=',
  0x70: '>>=',
  0x90: '%=',
  0xb0: '=',
  0xc0: 's>>=',
};
const JUMP_TEXT: Readonly<Record<number, string>> = {
  0x10: '==',
  0x20: '>',
  0x30: '>=',
  0x50: '!=',
  0x60: 's>',
  0x70: 's>=',
  0xa0: '<',
  0xb0: '<=',
  0xc0: 's<',
  0xd0: 's<=',
};
const SIZE_TEXT: Readonly<Record<number, string>> = { 0x00: 'u32', 0x08: 'u16', 0x10: 'u8', 0x18: 'u64' };
const HELPER_TEXT = new Map(Object.entries(HELPERS).map(([name, number]) => [number as number, name]));
const COLUMN = 44;

/** One line per instruction; the source is printed where it changes. */
export function listing(instructions: readonly Instruction[]): string[] {
  encode(instructions, () => 0); // an unplaced label is an error here too
  let at = 0;
  let from = '';
  return instructions.map((i) => {
    const place = at;
    at += i.op === OP.wide ? 2 : 1;
    const line = `${String(place).padStart(4)}  ${textOf(i)}`;
    if (i.from === from) return line;
    from = i.from;
    return `${line.padEnd(COLUMN)}; ${from}`;
  });
}

function textOf(i: Instruction): string {
  const kind = i.op & 0x07;
  const high = i.op & 0xf0;
  const size = SIZE_TEXT[i.op & 0x18] ?? '?';
  const at = (register: number): string => `${size} [r${register}${i.offset < 0 ? '' : '+'}${i.offset}]`;
  const right = (i.op & 0x08) !== 0 ? `r${i.src}` : String(i.number);
  if (i.op === OP.wide) return `r${i.dst} = ${wideText(i)}`;
  if (i.op === OP.call) return `call ${HELPER_TEXT.get(i.number) ?? i.number}`;
  if (i.op === OP.exit) return 'exit';
  if (i.op === OP.goto) return `goto ${i.to?.at}`;
  if (i.op === OP.atomicAdd) return `lock ${at(i.dst)} += r${i.src}`;
  if (kind === 0x07) return `r${i.dst} ${ALU_TEXT[high]} ${right}`;
  if (kind === 0x05) return `if r${i.dst} ${JUMP_TEXT[high]} ${right} goto ${i.to?.at}`;
  if (kind === 0x01) return `r${i.dst} = ${at(i.src)}`;
  if (kind === 0x02) return `${at(i.dst)} = ${i.number}`;
  return `${at(i.dst)} = r${i.src}`;
}

function wideText(i: Instruction): string {
  if (i.map === undefined) return `0x${(i.wide ?? 0n).toString(16)}`;
  return i.src === 1 ? `map ${i.map}` : `&${i.map}[${(i.wide ?? 0n) >> 32n}]`;
}
