/*
 * Layers and hues → pixels, one per cell. In: layers with their hues, a shade, a theme. Out: RGBA, top row first.
 * Used where the page draws itself: logarithmic axes, comparisons, differences. The aggregator draws the rest.
 */
import type { Layer } from '../model/cells.ts';
import {
  colourOf,
  differenceColour,
  pureHue,
  servedMix,
  shadeOfPixel,
  type Rgb,
  type Theme,
} from './colour.ts';
import type { Shade } from './shade.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** Neither warm nor cool, and not the ground: nothing can be said. */
const UNKNOWN: Readonly<Record<Theme, Rgb>> = { light: [222, 222, 222], dark: [64, 64, 64] };

const NOTHING: Rgb = [0, 0, 0];

export interface HuedLayer {
  readonly layer: Layer;
  readonly hue: number;
}

/** Where layers meet in a cell, their colours mix as the aggregator mixes them. */
export function paint(layers: readonly HuedLayer[], shade: Shade, theme: Theme): Picture {
  const { columns = 0, rows = 0 } = layers[0]?.layer ?? {};
  const pures = layers.map(({ hue }) => pureHue(hue));
  const empty = colourOf(NOTHING, 0, theme);
  return pixels(columns, rows, (cell) => {
    // Most cells are empty, most others hold one layer: only where layers meet there is something to mix.
    let first = -1;
    let last = -1;
    for (let i = 0; i < layers.length; i++) {
      if (!((layers[i]?.layer.counts[cell] ?? 0) > 0)) continue;
      if (first === -1) first = i;
      last = i;
    }
    if (first === -1) return empty;
    const shadeIn = (i: number): number => shade(layers[i]?.layer.counts[cell] ?? 0);
    if (first === last) return colourOf(pures[first] ?? NOTHING, shadeIn(first), theme);
    const there: { pure: Rgb; shade: number }[] = [];
    for (let i = first; i <= last; i++) {
      const shade = shadeIn(i);
      if (shade > 0) there.push({ pure: pures[i] ?? NOTHING, shade });
    }
    const seen = shadeOfPixel(...servedMix(there));
    return colourOf(seen.pure, seen.shade, theme);
  });
}

/** Of two layers on one axis: where a has more than b, and how much of the largest difference. */
export function paintDifference(
  a: Layer,
  b: Layer,
  shade: Shade,
  theme: Theme,
  isKnown: (column: number) => boolean = () => true,
): Picture {
  return pixels(a.columns, a.rows, (cell) => {
    // What is not known of one side differs from nothing.
    if (!isKnown(Math.floor(cell / a.rows))) return UNKNOWN[theme];
    const difference = (a.counts[cell] ?? 0) - (b.counts[cell] ?? 0);
    return differenceColour(Math.sign(difference) * shade(Math.abs(difference)), theme);
  });
}

export function absoluteDifference(
  a: Layer,
  b: Layer,
  isKnown: (column: number) => boolean = () => true,
): Layer {
  const counts = a.counts.map((n, i) =>
    isKnown(Math.floor(i / a.rows)) ? Math.abs(n - (b.counts[i] ?? 0)) : 0,
  );
  return { ...a, counts };
}

function pixels(columns: number, rows: number, colour: (cell: number) => Rgb): Picture {
  const rgba = new Uint8ClampedArray(columns * rows * 4);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const [r, g, b] = colour(column * rows + row);
      const at = ((rows - 1 - row) * columns + column) * 4;
      rgba[at] = r;
      rgba[at + 1] = g;
      rgba[at + 2] = b;
      rgba[at + 3] = 255;
    }
  }
  return { width: columns, height: rows, rgba };
}
