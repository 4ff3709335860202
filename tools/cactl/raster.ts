/*
 * Slots onto pixels: time goes right, the numeric field up. In: slots, bounds of the rows, colours of the keys.
 * Out: a colour and a brightness 0..1 for each pixel; undefined where nothing happened.
 *
 * Brightness is by rank (a pixel's place among all that are not empty), as the server draws heatmaps: single slow
 * events stay visible beside thousands of fast ones. Numbers without a distribution are drawn as bars.
 */
import type { RangeCount } from '../../common/model/distribution';
import { dim, mix, type Rgb } from '../cli/screen/colour';
import type { Legend } from './legend';
import { rowOf } from './rows';
import { sizeOf, type Slot } from './timeline';

export interface Pixel {
  readonly rgb: Rgb;
  readonly brightness: number;
}

export interface RasterOptions {
  /** Lower bounds of the rows, ascending. */
  readonly bounds: readonly number[];
  /** Pixels upward; each row of bounds gets one or more of them. */
  readonly height: number;
  readonly legend: Legend;
  /** Only this key. */
  readonly only?: string | undefined;
  readonly shading: 'rank' | 'linear';
}

/** raster[x][y], y = 0 at the bottom. */
export type Raster = readonly (readonly (Pixel | undefined)[])[];

/** Dimmest pixel that has an event: it must differ from black. */
export const FLOOR = 0.3;

export function heatRaster(slots: readonly (Slot | undefined)[], o: RasterOptions): Raster {
  const columns = slots.map((slot) => (slot === undefined ? [] : countRows(slot, o)));
  const sizes = columns.flatMap((rows) =>
    rows.flatMap((parts) => (parts === undefined ? [] : [sizeOfParts(parts)])),
  );
  const shade = shader(sizes, o.shading);
  return columns.map((rows) =>
    Array.from({ length: o.height }, (_, y) => {
      const parts = rows[Math.floor((y * o.bounds.length) / o.height)];
      if (parts === undefined) return undefined;
      const brightness = FLOOR + (1 - FLOOR) * shade(sizeOfParts(parts));
      return { rgb: mix([...parts].map(([key, n]) => [o.legend.colourOf(key), n])), brightness };
    }),
  );
}

/** Bars from the bottom, keys stacked in the order of the legend. */
export function barRaster(slots: readonly (Slot | undefined)[], o: RasterOptions): Raster {
  const order = new Map(o.legend.entries.map(({ key }, i) => [key, i]));
  const top = (o.bounds.at(-1) ?? 0) + (o.bounds[1] ?? 1);
  return slots.map((slot) => {
    const column = new Array<Pixel | undefined>(o.height).fill(undefined);
    let sum = 0;
    const keys = [...(slot?.amounts ?? [])].filter(([key]) => o.only === undefined || key === o.only);
    keys.sort((a, b) => (order.get(a[0]) ?? Infinity) - (order.get(b[0]) ?? Infinity));
    for (const [key, amount] of keys) {
      const from = Math.round((sum / top) * o.height);
      sum += sizeOf(amount);
      const to = Math.min(o.height, Math.max(Math.round((sum / top) * o.height), sum > 0 ? 1 : 0));
      for (let y = from; y < to; y++) column[y] = { rgb: o.legend.colourOf(key), brightness: 1 };
    }
    return column;
  });
}

/** Per row the count of each key; undefined for empty rows. */
function countRows(slot: Slot, o: RasterOptions): (Map<string, number> | undefined)[] {
  const rows: (Map<string, number> | undefined)[] = new Array<undefined>(o.bounds.length).fill(undefined);
  for (const [key, amount] of slot.amounts) {
    if (o.only !== undefined && key !== o.only) continue;
    for (const [[lo], count] of amount as readonly RangeCount[]) {
      const row = rowOf(lo, o.bounds);
      const parts = (rows[row] ??= new Map<string, number>());
      parts.set(key, (parts.get(key) ?? 0) + count);
    }
  }
  return rows;
}

function sizeOfParts(parts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const n of parts.values()) sum += n;
  return sum;
}

/** Rank: the share of non-empty pixels that are not larger; equal ones share the highest rank. */
function shader(sizes: readonly number[], shading: 'rank' | 'linear'): (size: number) => number {
  const sorted = [...sizes].sort((a, b) => a - b);
  const most = sorted.at(-1) ?? 1;
  if (shading === 'linear') return (size) => size / most;
  const ranks = new Map<number, number>();
  for (const [i, size] of sorted.entries()) ranks.set(size, (i + 1) / sorted.length);
  return (size) => ranks.get(size) ?? 1;
}

export function shown(pixel: Pixel): Rgb {
  return dim(pixel.rgb, pixel.brightness);
}
