/*
 * How dark a cell is. In: the layers' counts. Out: for each cell a level, 0 for nothing, else 1..255.
 * All layers are shaded together, so that equal counts look equal in each hue. Next: hue.ts.
 *
 * rank: how many of the non-empty cells hold no more than this one; the picture uses the whole range always.
 * linear: in proportion to the largest count. log: logarithm of the count from a visible floor on, so that a count
 * of 1 shows and one outlier does not wash out the rest.
 */
import type { Layer } from './bucketize';

export const COLORINGS = ['rank', 'linear', 'log'] as const;
export type Coloring = (typeof COLORINGS)[number];

export const LEVELS = 255;
/** Darkness of the faintest count under log: about 30 steps of 255, told from white at a glance. */
const LOG_FLOOR = 0.12;

export function shade(layers: readonly Layer[], coloring: Coloring): Uint8Array[] {
  if (coloring === 'rank') return shadeByRank(layers);
  const most = Math.max(1, largestOf(layers));
  const scale: (count: number) => number =
    coloring === 'linear'
      ? (count) => count / most
      : (count) => LOG_FLOOR + ((1 - LOG_FLOOR) * Math.log1p(count)) / Math.log1p(most);
  return layers.map((layer) => {
    const levels = new Uint8Array(layer.length);
    for (let cell = 0; cell < layer.length; cell++) {
      const count = layer[cell] ?? 0;
      if (count > 0) levels[cell] = levelOf(scale(count));
    }
    return levels;
  });
}

/** Whatever is there is level 1 at least. */
function levelOf(darkness: number): number {
  return Math.max(1, Math.round(darkness * LEVELS));
}

/**
 * (n - index of the first equal in descending order) / n: equal counts share the highest rank. Counts are compared
 * in single precision (7 digits), so that sums of the same fractions in another order are equal.
 */
function shadeByRank(layers: readonly Layer[]): Uint8Array[] {
  const cells = layers[0]?.length ?? 0;
  const places = new Uint32Array(cells * layers.length);
  const counts = new Float32Array(places.length);
  let n = 0;
  layers.forEach((layer, number) => {
    for (let cell = 0; cell < cells; cell++) {
      const count = layer[cell] ?? 0;
      if (count === 0) continue;
      places[n] = number * cells + cell;
      counts[n++] = count;
    }
  });
  const sorted = sortByCount(counts.subarray(0, n), places.subarray(0, n));
  const levels = layers.map(() => new Uint8Array(cells));
  for (let i = 0; i < n;) {
    let end = i + 1;
    while (end < n && sorted.counts[end] === sorted.counts[i]) end++;
    const level = levelOf(end / n);
    for (; i < end; i++) {
      const place = sorted.places[i] ?? 0;
      const number = Math.floor(place / cells);
      const target = levels[number];
      if (target !== undefined) target[place - number * cells] = level;
    }
  }
  return levels;
}

const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * Ascending, by radix: the bits of positive floats order as whole numbers do, and the places travel along. Four times
 * as fast as sorting the counts and then looking each one up.
 */
function sortByCount(
  counts: Float32Array,
  places: Uint32Array,
): { counts: Float32Array; places: Uint32Array } {
  const n = counts.length;
  let keys: Uint32Array = new Uint32Array(counts.buffer, counts.byteOffset, n);
  let otherKeys: Uint32Array = new Uint32Array(n);
  let otherPlaces: Uint32Array = new Uint32Array(n);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const starts = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < n; i++) {
      const digit = ((keys[i] ?? 0) >>> shift) & (DIGITS - 1);
      starts[digit + 1] = (starts[digit + 1] ?? 0) + 1;
    }
    for (let digit = 0; digit < DIGITS; digit++)
      starts[digit + 1] = (starts[digit + 1] ?? 0) + (starts[digit] ?? 0);
    for (let i = 0; i < n; i++) {
      const key = keys[i] ?? 0;
      const digit = (key >>> shift) & (DIGITS - 1);
      const to = starts[digit] ?? 0;
      starts[digit] = to + 1;
      otherKeys[to] = key;
      otherPlaces[to] = places[i] ?? 0;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [places, otherPlaces] = [otherPlaces, places];
  }
  return { counts: new Float32Array(keys.buffer, keys.byteOffset, n), places };
}

function largestOf(layers: readonly Layer[]): number {
  let most = 0;
  for (const layer of layers) for (const count of layer) if (count > most) most = count;
  return most;
}
