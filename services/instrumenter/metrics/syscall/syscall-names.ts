/*
 * Names for numbers of system calls. In: the tables of both processors. Out: SYSCALL_NAMES, for descriptions.
 *
 * A processor has more than one table: a 32-bit program's calls have numbers of their own. They stand above COMPAT here
 * (call.ts adds it), and have the same names. A number that is missing prints in decimal, with its sign, and those of
 * 32-bit programs as "32-bit 999".
 */
import { ARM64, I386, parseTable as parse, X32, X64 } from '../../../../common/model/names/syscalls';
import { signedDecimals, tableOfNames } from '../language/names';
import type { Names } from '../language/observation';

/** Added to the number of a call that a 32-bit program makes. */
export const COMPAT = 2 ** 32;
/** Part of the number of an x32 program's call, as the kernel defines it. */
export const X32_BIT = 0x4000_0000;
/** From here on new calls have the same number everywhere. */
const SAME_FROM = 424;

type Entry = readonly [name: string, number: number];

const moved = (entries: readonly Entry[], by: number): Entry[] =>
  entries.map(([name, number]) => [name, number + by]);

const x64 = parse(X64);
const same = x64.filter(([, number]) => number >= SAME_FROM);

const COMPAT_BIT = BigInt(COMPAT);
const COMPAT_PREFIX = '32-bit ';

/** Numbers without a name. */
const UNNAMED: Names = {
  nameOf: (value) =>
    value >> 32n === 1n
      ? `${COMPAT_PREFIX}${signedDecimals(32).nameOf(value - COMPAT_BIT)}`
      : signedDecimals(64).nameOf(value),
  valuesOf: (text) =>
    text.startsWith(COMPAT_PREFIX)
      ? signedDecimals(32)
          .valuesOf(text.slice(COMPAT_PREFIX.length))
          .map((value) => value + COMPAT_BIT)
      : signedDecimals(64).valuesOf(text),
};

export const SYSCALL_NAMES = {
  x64: tableOfNames(
    [...x64, ...moved([...x64, ...parse(X32)], X32_BIT), ...moved([...parse(I386), ...same], COMPAT)],
    UNNAMED,
  ),
  arm64: tableOfNames([...parse(ARM64), ...moved(same, COMPAT)], UNNAMED),
} as const;
