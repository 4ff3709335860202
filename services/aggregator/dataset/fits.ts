/*
 * Whether a reported value can be added to a dataset. In: the value, the dataset's shape, grid and scope. Out: yes or no.
 * Input is untrusted: sums must stay finite, and counts of events must be counts.
 */
import type { Grid } from '../../../common/model/bucket';
import { isDistribution } from '../../../common/model/distribution';
import type { Shape, Value } from '../../../common/model/value';

interface Expected {
  readonly shape: Shape;
  readonly grid: Grid;
  readonly scope: 'interval' | 'point';
}

export function fits(value: Value, { shape, grid, scope }: Expected): boolean {
  // An empty map is both keyed shapes at once (common/wire/data.ts).
  if (value.shape !== shape) {
    return value.shape === 'keyed' && value.numbers.size === 0 && shape === 'keyed-distribution';
  }
  switch (value.shape) {
    case 'number':
      return isPossible(value.number, scope);
    case 'keyed':
      for (const number of value.numbers.values()) if (!isPossible(number, scope)) return false;
      return true;
    case 'distribution':
      return isDistribution(value.distribution, grid);
    case 'keyed-distribution':
      for (const d of value.distributions.values()) if (!isDistribution(d, grid)) return false;
      return true;
  }
}

/** Counts of events are at least 0; a level may be negative. */
function isPossible(number: number, scope: Expected['scope']): boolean {
  const least = scope === 'interval' ? 0 : -Number.MAX_SAFE_INTEGER;
  return number >= least && number <= Number.MAX_SAFE_INTEGER;
}
