/*
 * Where one picture has more than the other. In: two pictures' layers on one axis, and how complete their columns are.
 * Out: cells of a palette: the ground, shades of more, shades of less, and the ground of what is unknown.
 */
import type { Layer } from '../bucketize';
import { STATE } from '../column-states';
import type { Cells } from './paint';
import { differencePalette, paletteOf, SHADES } from './palette';
import { LEVELS, shade, type Coloring } from '../shade';
import type { Theme } from '../../../../common/model/hue';

export function difference(
  a: readonly Layer[],
  b: readonly Layer[],
  options: {
    readonly rows: number;
    readonly coloring: Coloring;
    readonly theme: Theme | undefined;
    readonly states: readonly [Uint8Array, Uint8Array];
  },
): Cells {
  const { rows, coloring, theme, states } = options;
  const signed = minus(together(a), together(b));
  const isKnown = (column: number): boolean =>
    states.every((of) => (of[column] ?? STATE.unknown) !== STATE.unknown);
  const columns = rows === 0 ? 0 : signed.length / rows;
  // What is not known of one side differs from nothing.
  for (let column = 0; column < columns; column++)
    if (!isKnown(column)) signed.fill(0, column * rows, (column + 1) * rows);
  // Ranks would make the smallest differences as loud as the largest.
  const [levels] = shade([signed.map(Math.abs)], coloring === 'rank' ? 'log' : coloring);
  const palette = [...differencePalette(theme)];
  const unknown = palette.push(paletteOf(theme).grounds[STATE.unknown] ?? 0) - 1;
  const cells = new Uint8Array(signed.length);
  for (let cell = 0; cell < cells.length; cell++) {
    const level = levels?.[cell] ?? 0;
    if (level === 0) continue;
    const step = Math.max(1, Math.round((level * SHADES) / LEVELS));
    cells[cell] = step + ((signed[cell] ?? 0) > 0 ? 0 : SHADES);
  }
  for (let column = 0; column < columns; column++)
    if (!isKnown(column)) cells.fill(unknown, column * rows, (column + 1) * rows);
  return { cells, palette: Uint32Array.from(palette) };
}

/** Below this a difference is what the order of adding fractions makes, not one of counts. */
const DUST = 1e-6;

function minus(a: Layer, b: Layer): Layer {
  return a.map((count, cell) => {
    const less = count - (b[cell] ?? 0);
    return Math.abs(less) < DUST ? 0 : less;
  });
}

function together(layers: readonly Layer[]): Layer {
  const [first, ...others] = layers;
  if (first === undefined) return new Float64Array(0);
  const sum = first.slice();
  for (const other of others) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (other[i] ?? 0);
  return sum;
}
