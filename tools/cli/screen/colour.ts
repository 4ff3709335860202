/*
 * Colours of a terminal. In: red, green, blue of 0..255. Out: SGR sequences, 24 bit or the nearest of the 256 palette.
 */
import type { Colours } from '../io';

export type Rgb = readonly [number, number, number];

/** For all keys without their own hue. */
export const OTHERS: Rgb = [150, 150, 150];

/** Of a 24-bit colour. */
export function rgbOf(colour: number): Rgb {
  return [colour >>> 16, (colour >>> 8) & 0xff, colour & 0xff];
}

export const RESET = '\x1b[0m';

export function foreground(rgb: Rgb, colours: Colours): string {
  return sgr(38, rgb, colours);
}

export function background(rgb: Rgb, colours: Colours): string {
  return sgr(48, rgb, colours);
}

function sgr(layer: 38 | 48, rgb: Rgb, colours: Colours): string {
  if (colours === 'none') return '';
  return colours === 'full' ? `\x1b[${layer};2;${rgb.join(';')}m` : `\x1b[${layer};5;${palette(rgb)}m`;
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/** The 6×6×6 cube of xterm's palette, or its 24 greys where they are nearer. */
export function palette(rgb: Rgb): number {
  const cube = rgb.map((v) => nearestLevel(v));
  const [r = 0, g = 0, b = 0] = cube;
  const cubeError = distance(rgb, [LEVELS[r] ?? 0, LEVELS[g] ?? 0, LEVELS[b] ?? 0]);
  const mean = (rgb[0] + rgb[1] + rgb[2]) / 3;
  const grey = Math.max(0, Math.min(23, Math.round((mean - 8) / 10)));
  const level = 8 + 10 * grey;
  return distance(rgb, [level, level, level]) < cubeError ? 232 + grey : 16 + 36 * r + 6 * g + b;
}

function nearestLevel(value: number): number {
  let best = 0;
  for (const [i, level] of LEVELS.entries()) {
    if (Math.abs(level - value) < Math.abs((LEVELS[best] ?? 0) - value)) best = i;
  }
  return best;
}

function distance(a: Rgb, b: Rgb): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

/** The mean of colours by weight. */
export function mix(parts: readonly (readonly [Rgb, number])[]): Rgb {
  const sum = parts.reduce((s, [, w]) => s + w, 0) || 1;
  const channel = (i: 0 | 1 | 2): number => parts.reduce((s, [rgb, w]) => s + rgb[i] * w, 0) / sum;
  return [Math.round(channel(0)), Math.round(channel(1)), Math.round(channel(2))];
}

/** Towards black: 1 is the colour itself. */
export function dim(rgb: Rgb, brightness: number): Rgb {
  return [Math.round(rgb[0] * brightness), Math.round(rgb[1] * brightness), Math.round(rgb[2] * brightness)];
}
