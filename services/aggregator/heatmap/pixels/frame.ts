/*
 * A picture that explains itself: title, axes with units, legend, and how dark is how many. In: a picture, and words with
 * their places. Out: a larger picture, which has the first one in it, pixel by pixel. Next: png.ts.
 */
import { eachDot, LETTER, textWidth } from './font';
import type { Picture } from './paint';

export interface Mark {
  /** Pixels from the picture's left, or from its top. */
  readonly at: number;
  readonly label: string;
}

export interface Frame {
  /** Above, a line each. */
  readonly title: readonly string[];
  readonly values: readonly Mark[];
  readonly times: readonly Mark[];
  /** Below the times. */
  readonly foot: string;
  /** Right of the picture. */
  readonly legend: readonly { readonly label: string; readonly colour: number }[];
  /** From few to many. */
  readonly shades: readonly number[];
  readonly ground: number;
  readonly ink: number;
}

const LINE = 0x909090;
const GAP = 6;
const TICK = 3;
const ROW = LETTER.height + 4;
const PALETTE_MAX = 256;
const SHADES_WIDE = 64;

/** Where the picture lies in the framed one. */
export function placeIn(frame: Frame): { left: number; top: number; right: number; bottom: number } {
  const widest = (texts: readonly string[]): number =>
    texts.reduce((most, text) => Math.max(most, textWidth(text)), 0);
  return {
    left: widest(frame.values.map(({ label }) => label)) + TICK + 2 * GAP,
    top: frame.title.length * ROW + GAP,
    right: Math.max(
      widest(frame.legend.map(({ label }) => label)) + LETTER.height + 3 * GAP,
      SHADES_WIDE + 2 * GAP,
    ),
    bottom: 2 * ROW + TICK + GAP,
  };
}

export function framed(picture: Picture, frame: Frame): Picture {
  const place = placeIn(frame);
  const width = place.left + picture.width + place.right;
  const height = place.top + picture.height + place.bottom;
  const pixels = new Uint32Array(width * height).fill(frame.ground);
  copy(picture, pixels, width, place);

  const box = (x: number, y: number, w: number, h: number, colour: number): void => {
    for (let line = Math.max(y, 0); line < Math.min(y + h, height); line++) {
      pixels.fill(colour, line * width + Math.max(x, 0), line * width + Math.min(x + w, width));
    }
  };
  const write = (text: string, x: number, y: number): void => {
    eachDot(text, (dx, dy) => {
      if (x + dx >= 0 && x + dx < width && y + dy < height) pixels[(y + dy) * width + x + dx] = frame.ink;
    });
  };
  const right = place.left + picture.width;
  const below = place.top + picture.height;
  box(place.left - 1, place.top, 1, picture.height + 1, LINE);
  box(place.left - 1, below, picture.width + 1, 1, LINE);
  frame.title.forEach((line, i) => {
    write(line, place.left, GAP / 2 + i * ROW);
  });
  for (const { at, label } of frame.values) {
    const y = place.top + at;
    box(place.left - 1 - TICK, y, TICK, 1, LINE);
    const line = Math.min(Math.max(y - LETTER.height / 2, 0), height - LETTER.height);
    write(label, place.left - TICK - GAP - textWidth(label), line);
  }
  for (const { at, label } of frame.times) {
    box(place.left + at, below + 1, 1, TICK, LINE);
    write(label, place.left + at - Math.floor(textWidth(label) / 2), below + TICK + 3);
  }
  write(frame.foot, place.left, below + TICK + 3 + ROW);
  const rows = Math.max(0, Math.floor(picture.height / ROW) - 2);
  frame.legend.slice(0, rows).forEach(({ label, colour }, i) => {
    box(right + GAP, place.top + i * ROW, LETTER.height, LETTER.height, colour);
    write(label, right + LETTER.height + 2 * GAP, place.top + i * ROW);
  });
  const each = SHADES_WIDE / Math.max(1, frame.shades.length);
  frame.shades.forEach((colour, i) => {
    box(right + GAP + Math.round(i * each), below - 2 * ROW, Math.ceil(each), LETTER.height, colour);
  });
  write('few', right + GAP, below - ROW);
  write('many', right + GAP + SHADES_WIDE - textWidth('many'), below - ROW);
  return indexed(pixels, width, height, frame.ground);
}

function copy(
  { width, palette, lines, repeats }: Picture,
  pixels: Uint32Array,
  stride: number,
  place: { left: number; top: number },
): void {
  let y = place.top;
  repeats.forEach((times, line) => {
    const from = y * stride + place.left;
    for (let x = 0; x < width; x++) {
      const entry = lines[line * width + x] ?? 0;
      pixels[from + x] = palette === undefined ? entry : (palette[entry] ?? 0);
    }
    for (let i = 1; i < times; i++) pixels.copyWithin(from + i * stride, from, from + width);
    y += times;
  });
}

/** A palette makes a third of the bytes; beyond what it can hold lines have the colours themselves. */
function indexed(pixels: Uint32Array, width: number, height: number, ground: number): Picture {
  const repeats = new Uint16Array(height).fill(1);
  const numbers = new Map<number, number>([[ground, 0]]);
  const lines = new Uint8Array(pixels.length);
  let [lastColour, lastNumber] = [ground, 0];
  for (let i = 0; i < pixels.length; i++) {
    const colour = pixels[i] ?? ground;
    if (colour !== lastColour) {
      let number = numbers.get(colour);
      if (number === undefined) {
        if (numbers.size === PALETTE_MAX)
          return { width, height, palette: undefined, lines: pixels, repeats };
        number = numbers.size;
        numbers.set(colour, number);
      }
      [lastColour, lastNumber] = [colour, number];
    }
    lines[i] = lastNumber;
  }
  return { width, height, palette: Uint32Array.from(numbers.keys()), lines, repeats };
}
