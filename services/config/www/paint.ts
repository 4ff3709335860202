/*
 * Layers and hues → pixels, one per cell. In: layers with their hues, a shade, a theme. Out: RGBA, top row first.
 * Used where the page draws itself: logarithmic axes, comparisons, differences. The aggregator draws the rest.
 */
import type { Layer } from './cells.ts';
import { colourOf, differenceColour, pureHue, type Rgb, type Theme } from './colour.ts';
import type { Shade } from './shade.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

export interface HuedLayer {
  readonly layer: Layer;
  readonly hue: number;
}

/** Where layers meet in a cell, their colours mix by their shades. */
export function paint(layers: readonly HuedLayer[], shade: Shade, theme: Theme): Picture {
  const { columns = 0, rows = 0 } = layers[0]?.layer ?? {};
  const pures = layers.map(({ hue }) => pureHue(hue));
  return pixels(columns, rows, (cell) => {
    let sum = 0;
    let strongest = 0;
    const mixed: [number, number, number] = [0, 0, 0];
    layers.forEach(({ layer }, i) => {
      const v = shade(layer.counts[cell] ?? 0);
      if (v === 0) return;
      const pure = pures[i] ?? [0, 0, 0];
      sum += v;
      if (v > strongest) strongest = v;
      for (const c of [0, 1, 2] as const) mixed[c] += pure[c] * v;
    });
    if (sum === 0) return colourOf(mixed, 0, theme);
    return colourOf([mixed[0] / sum, mixed[1] / sum, mixed[2] / sum], strongest, theme);
  });
}

/** Of two layers on one axis: where a has more than b, and how much of the largest difference. */
export function paintDifference(a: Layer, b: Layer, shade: Shade, theme: Theme): Picture {
  return pixels(a.columns, a.rows, (cell) => {
    const difference = (a.counts[cell] ?? 0) - (b.counts[cell] ?? 0);
    return differenceColour(Math.sign(difference) * shade(Math.abs(difference)), theme);
  });
}

export function absoluteDifference(a: Layer, b: Layer): Layer {
  return { ...a, counts: a.counts.map((n, i) => Math.abs(n - (b.counts[i] ?? 0))) };
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
