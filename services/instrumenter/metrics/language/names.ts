/*
 * Tables of names for numbers of the kernel, both ways. In: [name, number] pairs. Out: Names (observation.ts).
 * A number without a name prints in decimal, and such a decimal is understood in predicates.
 */
import type { Names } from './observation';

const DECIMAL = /^(0|[1-9][0-9]{0,19})$/;

/** Names for the numbers of a table; all others are decimal. */
export function tableOfNames(pairs: Iterable<readonly [string, number]>): Names {
  const names = new Map<bigint, string>();
  const values = new Map<string, bigint[]>();
  for (const [name, number] of pairs) {
    const value = BigInt(number);
    if (!names.has(value)) names.set(value, name);
    if (names.get(value) === name) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return {
    nameOf: (value) => names.get(value) ?? value.toString(),
    valuesOf: (text) => {
      const known = values.get(text);
      if (known !== undefined) return known;
      if (!DECIMAL.test(text)) return [];
      const value = BigInt(text);
      return value < 1n << 64n && !names.has(value) ? [value] : [];
    },
  };
}

/** No names: every number is decimal. */
export const DECIMALS: Names = tableOfNames([]);
