/*
 * Whether a reported value can be added to a dataset. In: the value, the dataset's shape and grid. Out: yes or no.
 */
import type { Grid } from '../../../common/model/bucket';
import { isDistribution } from '../../../common/model/distribution';
import type { Shape, Value } from '../../../common/model/value';

export function fits(value: Value, shape: Shape, grid: Grid): boolean {
  // An empty map is both keyed shapes at once (common/wire/data.ts).
  if (value.shape !== shape) {
    return value.shape === 'keyed' && value.numbers.size === 0 && shape === 'keyed-distribution';
  }
  switch (value.shape) {
    case 'number':
      return Number.isFinite(value.number);
    case 'keyed':
      for (const number of value.numbers.values()) if (!Number.isFinite(number)) return false;
      return true;
    case 'distribution':
      return isDistribution(value.distribution, grid);
    case 'keyed-distribution':
      for (const d of value.distributions.values()) if (!isDistribution(d, grid)) return false;
      return true;
  }
}
