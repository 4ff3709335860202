/*
 * Counts → shades between 0 and 1, over all layers (and all pictures) together, so that equal shades are equal counts.
 * In: layers. Out: a function from count to shade. The three policies are the aggregator's: rank, linear, log.
 */
import type { Layer } from '../model/cells.ts';

export type Coloring = 'rank' | 'linear' | 'log';
export const COLORINGS: readonly Coloring[] = ['rank', 'linear', 'log'];

export type Shade = (count: number) => number;

/** Whatever was counted at least once is visible. */
const FAINTEST = 0.12;

export function shadeOf(layers: readonly Layer[], coloring: Coloring): Shade {
  if (coloring === 'rank') return rankShade(layers);
  let max = 0;
  for (const { counts } of layers) for (const n of counts) if (n > max) max = n;
  const top = Math.max(1, max);
  if (coloring === 'linear') return (n) => (n > 0 ? n / top : 0);
  return (n) => (n > 0 ? FAINTEST + (1 - FAINTEST) * (Math.log1p(n) / Math.log1p(top)) : 0);
}

/** The share of non-zero counts that are not larger; equal counts share a rank. */
function rankShade(layers: readonly Layer[]): Shade {
  let total = 0;
  for (const { counts } of layers) for (const n of counts) if (n > 0) total++;
  const sorted = new Float64Array(total);
  let i = 0;
  for (const { counts } of layers) for (const n of counts) if (n > 0) sorted[i++] = n;
  sorted.sort();
  return (count) => {
    if (!(count > 0) || total === 0) return 0;
    let low = 0;
    let high = total;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) <= count) low = middle + 1;
      else high = middle;
    }
    return Math.max(low, 1) / total;
  };
}
