/*
 * Keeps what one node sends bounded: of too many keys the largest stay, the rest is summed into "(other)".
 * In: a keyed value. Out: one with at most LIMITS.keysPerSecond keys and exactly the same total.
 */
import { addDistributions, totalCount, type Distribution } from '../../../../../common/model/distribution';
import { LIMITS } from '../../../../../common/service/limits';
import type { Value } from '../../../../../common/model/value';

export const OTHER = '(other)';

export function folded(value: Value, limit: number = LIMITS.keysPerSecond): Value {
  switch (value.shape) {
    case 'keyed':
      return {
        shape: 'keyed',
        numbers: reduced(
          value.numbers,
          limit,
          (n) => n,
          (a, b) => a + b,
        ),
      };
    case 'keyed-distribution':
      return {
        shape: 'keyed-distribution',
        distributions: reduced<Distribution>(value.distributions, limit, totalCount, addDistributions),
      };
    default:
      return value;
  }
}

function reduced<T>(
  all: ReadonlyMap<string, T>,
  limit: number,
  weight: (value: T) => number,
  plus: (a: T, b: T) => T,
): ReadonlyMap<string, T> {
  if (all.size <= limit) return all;
  const byWeight = [...all].sort(([, a], [, b]) => weight(b) - weight(a));
  const kept = new Map(byWeight.slice(0, limit - 1));
  for (const [, value] of byWeight.slice(limit - 1)) {
    // A process may itself be called "(other)"; then the two are one.
    const sum = kept.get(OTHER);
    kept.set(OTHER, sum === undefined ? value : plus(sum, value));
  }
  return kept;
}
