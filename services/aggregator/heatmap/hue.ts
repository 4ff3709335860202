/*
 * Colours. In: hues in degrees and levels of darkness. Out: 24-bit RGB numbers, 0xRRGGBB. Next: paint.ts.
 *
 * A cell is white when empty; else its hue at the level's saturation, on 95 % brightness. Where layers meet, their
 * colours are mixed in proportion to their levels.
 */
import { LEVELS } from './shade';

/**
 * Default hues, told apart also with red-green blindness (hue.test.ts simulates it): orange for the rest, then blue,
 * yellow, violet, green, pink. After them steps of 91 degrees, as the original, which go round without repeating.
 */
const FIRST = [21, 203, 56, 266, 150, 325];
const STEP = 91;

/** The saturation of the darkest level, and the brightness of all. */
const SATURATION = 0.9;
const BRIGHTNESS = 0.95;

export const WHITE = 0xffffff;

/** The first n hues of the default sequence; each occurs once. */
export function hueSequence(n: number): number[] {
  const hues = FIRST.slice(0, n);
  for (let hue = FIRST[0] ?? 0; hues.length < n;) {
    hue = (hue + STEP) % 360;
    if (!hues.includes(hue)) hues.push(hue);
  }
  return hues;
}

/** The colour of each level of a hue; of level 0: white. */
export function ramp(hue: number): Uint32Array {
  const colours = new Uint32Array(LEVELS + 1);
  colours[0] = WHITE;
  for (let level = 1; level <= LEVELS; level++) {
    colours[level] = hsvToRgb(hue, (SATURATION * level) / LEVELS, BRIGHTNESS);
  }
  return colours;
}

/** Hue in degrees, saturation and value 0..1. */
export function hsvToRgb(hue: number, saturation: number, value: number): number {
  const channel = (n: number): number => {
    const k = (n + hue / 60) % 6;
    return Math.round(255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return (channel(5) << 16) | (channel(3) << 8) | channel(1);
}

/**
 * Colours of cells from the levels of each layer: the mean of the layers' colours, weighted by level. One layer after
 * the other, because most cells of most layers are empty.
 */
export function mix(
  levels: readonly Uint8Array[],
  ramps: readonly Uint32Array[],
  ground: number = WHITE,
): Uint32Array {
  const cells = levels[0]?.length ?? 0;
  const weights = new Uint32Array(cells);
  const red = new Uint32Array(cells);
  const green = new Uint32Array(cells);
  const blue = new Uint32Array(cells);
  levels.forEach((layer, number) => {
    const ramp = ramps[number] ?? new Uint32Array(LEVELS + 1);
    for (let cell = 0; cell < cells; cell++) {
      const level = layer[cell] ?? 0;
      if (level === 0) continue;
      const colour = ramp[level] ?? 0;
      weights[cell] = (weights[cell] ?? 0) + level;
      red[cell] = (red[cell] ?? 0) + level * (colour >>> 16);
      green[cell] = (green[cell] ?? 0) + level * ((colour >>> 8) & 0xff);
      blue[cell] = (blue[cell] ?? 0) + level * (colour & 0xff);
    }
  });
  const colours = new Uint32Array(cells).fill(ground);
  for (let cell = 0; cell < cells; cell++) {
    const weight = weights[cell] ?? 0;
    if (weight === 0) continue;
    const part = (sum: number | undefined): number => Math.round((sum ?? 0) / weight);
    colours[cell] = (part(red[cell]) << 16) | (part(green[cell]) << 8) | part(blue[cell]);
  }
  return colours;
}
