/*
 * How many keys of one second may leave the node. In: a value. Out: the same, or its largest keys and an (other)
 * that holds the rest, so that the total stays exact.
 */
import { addDistributions, totalCount, type Distribution } from '../../../common/model/distribution';
import type { Value } from '../../../common/model/value';

export const OTHER = '(other)';

export function capKeys(value: Value, limit: number): Value {
  if (value.shape === 'keyed' && value.numbers.size > limit) {
    return {
      shape: 'keyed',
      numbers: cap(
        value.numbers,
        limit,
        (n) => n,
        (a, b) => a + b,
      ),
    };
  }
  if (value.shape === 'keyed-distribution' && value.distributions.size > limit) {
    return {
      shape: 'keyed-distribution',
      distributions: cap<Distribution>(value.distributions, limit, totalCount, addDistributions),
    };
  }
  return value;
}

function cap<T>(
  all: ReadonlyMap<string, T>,
  limit: number,
  sizeOf: (x: T) => number,
  plus: (x: T, y: T) => T,
): ReadonlyMap<string, T> {
  // Ties by name: two nodes, or two runs, give up the same keys.
  const sorted = [...all].sort(([a, x], [b, y]) => sizeOf(y) - sizeOf(x) || (a < b ? -1 : 1));
  const kept = new Map(sorted.slice(0, limit - 1));
  for (const [, x] of sorted.slice(limit - 1)) {
    const rest = kept.get(OTHER);
    kept.set(OTHER, rest === undefined ? x : plus(rest, x));
  }
  return kept;
}
