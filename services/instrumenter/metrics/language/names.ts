/*
 * Tables of names for numbers of the kernel, both ways. In: [name, number] pairs. Out: Names (observation.ts).
 * A number without a name prints in decimal, and predicates accept that decimal.
 */
import type { Names } from './observation';

const DECIMAL = /^(0|[1-9][0-9]{0,19})$/;
const SIGNED = /^(0|-?[1-9][0-9]{0,18})$/;

/** No names: every number is decimal. */
export const DECIMALS: Names = {
  nameOf: (value) => value.toString(),
  valuesOf: (text) => {
    const value = DECIMAL.test(text) ? BigInt(text) : undefined;
    return value !== undefined && value < 1n << 64n ? [value] : [];
  },
};

/** Names for the numbers of a table; all others are decimal, or as `others` has it. */
export function tableOfNames(pairs: Iterable<readonly [string, number]>, others: Names = DECIMALS): Names {
  const names = new Map<bigint, string>();
  const values = new Map<string, bigint[]>();
  for (const [name, number] of pairs) {
    const value = BigInt(number);
    if (!names.has(value)) names.set(value, name);
    if (names.get(value) === name) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return {
    nameOf: (value) => names.get(value) ?? others.nameOf(value),
    valuesOf: (text) => values.get(text) ?? others.valuesOf(text).filter((value) => !names.has(value)),
    table: [...values.keys()],
  };
}

/** Signed decimal of this many bits. */
export function signedDecimals(bits: number): Names {
  return {
    nameOf: (value) => BigInt.asIntN(bits, value).toString(),
    valuesOf: (text) => {
      if (!SIGNED.test(text)) return [];
      const value = BigInt(text);
      return BigInt.asIntN(bits, value) === value ? [BigInt.asUintN(bits, value)] : [];
    },
  };
}
