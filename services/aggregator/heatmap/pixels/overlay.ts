/*
 * Lines over the picture: percentiles, one step for each column. In: a picture, and for each line the pixel line of
 * every column. Out: the picture with the lines in it. Next: png.ts.
 */
import { positionOf, type ValueAxis } from '../../../../common/model/axis';
import type { Theme } from '../../../../common/model/hue';
import type { Picture } from './paint';

/** Told from all hues on the theme's ground; a higher percentile is the higher line. */
export function lineColour(theme: Theme | undefined): number {
  return theme === 'dark' ? 0xf0f0f0 : 0x202020;
}
/** Two pixels: one is lost on a dense screen. */
const THICKNESS = 2;
const PALETTE_MAX = 256;

/** By column: the uppermost pixel of the line; -1: none there. */
export type LinePixels = Int16Array;

/** Where a value is drawn; -1: outside of the picture. */
export function pixelOf(value: number, axis: ValueAxis, height: number): number {
  const { min, max, edges } = axis;
  if (edges !== undefined && (value < min || value >= max)) return -1;
  const down = edges === undefined ? (max - value) / (max - min) : 1 - positionOf(axis, value);
  const y = Math.floor(down * height);
  return y >= 0 && y < height ? y : -1;
}

/** `edges`: first pixel of each column, and the width. */
export function overlay(
  picture: Picture,
  edges: readonly number[],
  lines: readonly LinePixels[],
  colour: number,
): Picture {
  const segments = segmentsByLine(picture.height, lines);
  if (segments.size === 0) return picture;
  const { base, entry } = withColour(picture, colour);
  const { width, repeats } = base;
  const drawn: { from: Uint8Array | Uint32Array; times: number }[] = [];
  let y = 0;
  repeats.forEach((times, line) => {
    const plain = base.lines.subarray(line * width, (line + 1) * width);
    for (let end = y + times; y < end; y++) {
      const columns = segments.get(y);
      const last = drawn[drawn.length - 1];
      if (columns === undefined) {
        if (last?.from === plain) last.times++;
        else drawn.push({ from: plain, times: 1 });
        continue;
      }
      const own = plain.slice();
      for (const column of columns) own.fill(entry, edges[column], edges[column + 1]);
      drawn.push({ from: own, times: 1 });
    }
  });
  const all = new (base.palette === undefined ? Uint32Array : Uint8Array)(drawn.length * width);
  drawn.forEach(({ from }, i) => {
    all.set(from, i * width);
  });
  return { ...base, lines: all, repeats: Uint16Array.from(drawn, ({ times }) => times) };
}

/** Pixel line -> columns whose line passes there. */
function segmentsByLine(height: number, lines: readonly LinePixels[]): Map<number, number[]> {
  const segments = new Map<number, number[]>();
  for (const line of lines) {
    line.forEach((top, column) => {
      if (top < 0) return;
      for (let y = top; y < Math.min(top + THICKNESS, height); y++) {
        const columns = segments.get(y) ?? [];
        segments.set(y, columns);
        columns.push(column);
      }
    });
  }
  return segments;
}

/** Room for one more colour: after the palette, in place of one that is not used, or by leaving the palette. */
function withColour(picture: Picture, colour: number): { base: Picture; entry: number } {
  const { palette, lines } = picture;
  if (palette === undefined) return { base: picture, entry: colour };
  if (palette.length < PALETTE_MAX) {
    return { base: { ...picture, palette: Uint32Array.from([...palette, colour]) }, entry: palette.length };
  }
  const used = new Set(lines);
  const free = palette.findIndex((_, entry) => !used.has(entry));
  if (free >= 0) return { base: { ...picture, palette: palette.with(free, colour) }, entry: free };
  const colours = Uint32Array.from(lines, (entry) => palette[entry] ?? 0);
  return { base: { ...picture, palette: undefined, lines: colours }, entry: colour };
}
