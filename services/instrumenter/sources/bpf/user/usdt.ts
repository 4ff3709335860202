/*
 * The USDT probes of a program, as its file describes them (section .note.stapsdt, the format of SystemTap's sdt.h).
 * In: an untrusted ELF file. Out: for each probe its addresses, and where its arguments are.
 *
 * An argument is described in assembler syntax: `-4@%edi`, `8@8(%rbp)`, `-8@$5`; `8@x0`, `4@[sp, 12]`. One that
 * uses other syntax is undefined; the others keep their positions.
 */
import type { Elf } from './elf';
import type { Architecture } from '../compiler/architecture';

/** Arguments of one probe. */
const ARGUMENTS = 12;
/** Texts of one probe. */
const TEXT_BYTES = 1024;
/** Places in one file at which one probe may lie. */
const SITES = 32;

/** A register by its position in the kernel's struct pt_regs, in words of 8 bytes. */
export interface RegisterPlace {
  readonly word: number;
  /** Bit offset: 8 for %ah and the like. */
  readonly shift: number;
}

export type Operand =
  | { readonly kind: 'constant'; readonly value: bigint }
  | { readonly kind: 'register'; readonly register: RegisterPlace }
  | {
      readonly kind: 'memory';
      readonly displacement: bigint;
      readonly base?: RegisterPlace;
      readonly index?: RegisterPlace;
      readonly scale: number;
    };

export interface UsdtArgument {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  readonly operand: Operand;
}

export interface UsdtProbe {
  readonly provider: string;
  readonly name: string;
  /** As in the file, before relocation. */
  readonly address: number;
  /** Address of its semaphore, the counter of attached tracers; 0 when there is none. */
  readonly semaphore: number;
  readonly arguments: readonly (UsdtArgument | undefined)[];
}

/** The wanted probes: others are not even parsed. */
export type Named = Pick<UsdtProbe, 'provider' | 'name'>;

const NOTE_TYPE = 3;
const OWNER = 'stapsdt\0';

/** Probes of a name, up to the limit; a note that is damaged ends the list. */
export function usdtProbes(elf: Elf, named: Named): UsdtProbe[] {
  const notes = elf.section('.note.stapsdt');
  const base = elf.addressOfSection('.stapsdt.base');
  const probes: UsdtProbe[] = [];
  for (let at = 0; at + 12 <= notes.length && probes.length < SITES;) {
    const nameBytes = notes.readUInt32LE(at);
    const bodyBytes = notes.readUInt32LE(at + 4);
    const bodyAt = at + 12 + aligned(nameBytes);
    if (bodyAt + bodyBytes > notes.length) break;
    const isProbe =
      notes.readUInt32LE(at + 8) === NOTE_TYPE &&
      notes.toString('latin1', at + 12, at + 12 + nameBytes) === OWNER;
    const probe = isProbe
      ? probeOf(notes.subarray(bodyAt, bodyAt + bodyBytes), base, named, elf.architecture)
      : undefined;
    if (probe !== undefined) probes.push(probe);
    at = bodyAt + aligned(bodyBytes);
  }
  return probes;
}

function probeOf(
  body: Buffer,
  base: number | undefined,
  { provider, name }: Named,
  architecture: Architecture,
): UsdtProbe | undefined {
  const beginning = Buffer.from(`${provider}\0${name}\0`, 'latin1');
  const argsAt = 24 + beginning.length;
  if (!body.subarray(24, argsAt).equals(beginning)) return undefined;
  const argsEnd = body.indexOf(0, argsAt);
  if (argsEnd === -1) return undefined;
  const args = body.toString('latin1', argsAt, argsEnd);
  const noted = body.readBigUInt64LE(8);
  // Prelinked files were moved after their notes had been written, and the section's address with them.
  const moved = base === undefined || noted === 0n ? 0n : BigInt(base) - noted;
  const semaphore = body.readBigUInt64LE(16);
  return {
    provider,
    name,
    address: addressOf(body.readBigUInt64LE(0) + moved),
    semaphore: semaphore === 0n ? 0 : addressOf(semaphore + moved),
    arguments: parseArguments(args, architecture),
  };
}

function addressOf(value: bigint): number {
  return value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

const aligned = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Blanks stand between arguments, and in brackets. */
const ARGUMENT = /(?:\[[^\]]{0,64}\]|[^\s[])+/g;
const PARTS = /^(-?[0-9]{1,3})(f?)@(.{1,128})$/;

export function parseArguments(text: string, architecture: Architecture): (UsdtArgument | undefined)[] {
  const words = text.slice(0, TEXT_BYTES).match(ARGUMENT) ?? [];
  return words.slice(0, ARGUMENTS).map((word) => {
    const [, size = '', float, where = ''] = PARTS.exec(word) ?? [];
    const signed = size.startsWith('-');
    const bytes = Number(signed ? size.slice(1) : size);
    if (float !== '' || (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8)) return undefined;
    const operand = architecture === 'x64' ? operandX64(where) : operandArm64(where);
    return operand === undefined ? undefined : { bytes, signed, operand };
  });
}

const MEMORY_X64 = /^(-?(?:0x)?[0-9a-f]+)?\((%[a-z0-9]+)?(?:,(%[a-z0-9]+)(?:,([1248]))?)?\)$/;

function operandX64(text: string): Operand | undefined {
  if (text.startsWith('$')) return constant(text.slice(1));
  if (text.startsWith('%')) return registerOperand(registerX64(text));
  const memory = MEMORY_X64.exec(text);
  if (memory === null) return undefined;
  const [, displacement = '0', base, index, scale = '1'] = memory;
  return memoryOperand(displacement, [base, index], registerX64, Number(scale));
}

const MEMORY_ARM64 = /^\[([a-z0-9]+)(?:, *#?(-?[0-9]+)|, *([a-z0-9]+)(?:, *lsl *#?([0-3]))?)?\]$/;

function operandArm64(text: string): Operand | undefined {
  if (/^#?-?[0-9]+$/.test(text)) return constant(text.replace('#', ''));
  if (!text.startsWith('[')) return registerOperand(registerArm64(text));
  const memory = MEMORY_ARM64.exec(text);
  if (memory === null) return undefined;
  const [, base, displacement = '0', index, shift = '0'] = memory;
  return memoryOperand(displacement, [base, index], registerArm64, 1 << Number(shift));
}

function constant(text: string): Operand | undefined {
  const value = integer(text);
  return value === undefined ? undefined : { kind: 'constant', value: BigInt.asUintN(64, value) };
}

function integer(text: string): bigint | undefined {
  const parts = /^(-?)(0x[0-9a-f]{1,16}|[0-9]{1,20})$/.exec(text);
  if (parts?.[2] === undefined) return undefined;
  return parts[1] === '-' ? -BigInt(parts[2]) : BigInt(parts[2]);
}

function registerOperand(register: RegisterPlace | undefined): Operand | undefined {
  return register === undefined ? undefined : { kind: 'register', register };
}

function memoryOperand(
  displacement: string,
  names: readonly [base: string | undefined, index: string | undefined],
  registerOf: (name: string) => RegisterPlace | undefined,
  scale: number,
): Operand | undefined {
  const value = integer(displacement);
  const [base, index] = names.map((name) => (name === undefined ? undefined : registerOf(name)));
  if (value === undefined || names.some((name, i) => name !== undefined && [base, index][i] === undefined)) {
    return undefined;
  }
  return {
    kind: 'memory',
    displacement: BigInt.asUintN(64, value),
    scale,
    ...(base === undefined ? {} : { base }),
    ...(index === undefined ? {} : { index }),
  };
}

/** Words of struct pt_regs, in this order. */
const WORDS_X64 = 'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss'.split(' ');
const HIGH_X64 = /^%([a-d])h$/;

function registerX64(name: string): RegisterPlace | undefined {
  const high = HIGH_X64.exec(name)?.[1];
  if (high !== undefined) return { word: WORDS_X64.indexOf(`${high}x`), shift: 8 };
  const known =
    /^%[re]?(ax|bx|cx|dx|si|di|bp|sp)$/.exec(name)?.[1] ??
    /^%(si|di|bp|sp)l$/.exec(name)?.[1] ??
    /^%(r(?:8|9|1[0-5]))[dwb]?$/.exec(name)?.[1];
  const low = /^%([a-d])l$/.exec(name)?.[1];
  const found = known ?? (low === undefined ? undefined : `${low}x`);
  return found === undefined ? undefined : { word: WORDS_X64.indexOf(found), shift: 0 };
}

/** x0 to x30, then the stack pointer. */
function registerArm64(name: string): RegisterPlace | undefined {
  if (name === 'sp' || name === 'wsp') return { word: 31, shift: 0 };
  const number = /^[xw]([0-9]|[12][0-9]|30)$/.exec(name)?.[1];
  return number === undefined ? undefined : { word: Number(number), shift: 0 };
}

/** Where the calling conventions put the first arguments of a function, its result, and the instruction's address. */
export const CALL: Readonly<
  Record<
    Architecture,
    { readonly arguments: readonly number[]; readonly result: number; readonly ip: number }
  >
> = {
  x64: {
    arguments: ['di', 'si', 'dx', 'cx', 'r8', 'r9'].map((name) => WORDS_X64.indexOf(name)),
    result: WORDS_X64.indexOf('ax'),
    ip: WORDS_X64.indexOf('ip'),
  },
  arm64: { arguments: [0, 1, 2, 3, 4, 5, 6, 7], result: 0, ip: 32 },
};
