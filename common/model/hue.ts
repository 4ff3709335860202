/*
 * Colours of keys: the hue of each, and its shades on a given background. In: keys, hues 0..359,
 * shades 0..1. Out: hues, and 24-bit colours 0xRRGGBB, for pictures, legends, graphs and terminals.
 *
 * A key's hue depends on its name alone: it is the same every second, on every screen, whatever else is shown.
 * A ramp is a straight line through OKLab, in which equal distances look equal: so do equal steps of shade, in any hue.
 */

/** Backgrounds: light and dark screens, and paper (where colours must also differ in grey). */
export const THEMES = ['light', 'dark', 'print'] as const;
export type Theme = (typeof THEMES)[number];

/** Hue of everything without its own hue, and of "more" in a difference; no key's hue is near it. */
export const REST_HUE = 24;
/** Hue of "less" in a difference. With REST_HUE, a pair that every kind of colour blindness can distinguish. */
export const LESS_HUE = 214;

type Lab = readonly [lightness: number, a: number, b: number];

interface Ground {
  readonly ground: number;
  /** Lightness and greatest chroma at the end of a ramp. */
  readonly lightness: number;
  readonly chroma: number;
}

const GROUNDS: Readonly<Record<Theme, Ground>> = {
  light: { ground: 0xffffff, lightness: 0.5, chroma: 0.2 },
  dark: { ground: 0x11151c, lightness: 0.76, chroma: 0.19 },
  print: { ground: 0xffffff, lightness: 0.3, chroma: 0.13 },
};

/** Position of the faintest shade on its ramp: a single event must be visible on its background. */
const FAINTEST = 0.12;
/** Least distance of a key's hue from REST_HUE, in degrees of OKLab's hue circle. */
const APART = 22;
const TURN = 360;

export function groundOf(theme: Theme): number {
  return GROUNDS[theme].ground;
}

/** The colour of a shade, from 0 (the background) to 1. */
export function shadeColour(hue: number, shade: number, theme: Theme): number {
  const { ground } = GROUNDS[theme];
  if (!(shade > 0)) return ground;
  const [from, to] = [labOf(ground), endOf(hue, theme)];
  const t = FAINTEST + (1 - FAINTEST) * Math.min(shade, 1);
  const at = (i: 0 | 1 | 2): number => from[i] + (to[i] - from[i]) * t;
  return colourOf([at(0), at(1), at(2)]);
}

/** "rgb(17 21 28)" */
export function cssColour(colour: number): string {
  return `rgb(${colour >>> 16} ${(colour >>> 8) & 0xff} ${colour & 0xff})`;
}

/** Of keys that are shown: the same ones come each second. */
const hues = new Map<string, number>();
const HUES_KEPT = 1000;

/** The hue of a key. */
export function hueOfKey(key: string): number {
  const known = hues.get(key);
  if (known !== undefined) return known;
  const rest = angleOf(REST_HUE);
  const angle = rest + APART + (hashOf(key) / 2 ** 32) * (TURN - 2 * APART);
  const hue = nearestHue(angle % TURN);
  if (hues.size >= HUES_KEPT) hues.clear();
  hues.set(key, hue);
  return hue;
}

/** How a key is shown beside a picture: in its own hue, a bit fainter than the densest cell. */
const SWATCH = 0.75;

export function swatchColour(hue: number, theme: Theme): number {
  return shadeColour(hue, SWATCH, theme);
}

/** Swatches nearer than this in OKLab are taken for one another. */
const ALIKE = 0.035;

/** By hue, in each theme. */
const swatches = new Map<number, readonly Lab[]>();

function swatchesOf(hue: number): readonly Lab[] {
  const known = swatches.get(hue) ?? THEMES.map((theme) => labOf(swatchColour(hue, theme)));
  swatches.set(hue, known);
  return known;
}

function areAlike(a: number, b: number): boolean {
  const others = swatchesOf(b);
  return swatchesOf(a).some(([lightness, x, y], i) => {
    const [l = 0, p = 0, q = 0] = others[i] ?? [];
    return Math.hypot(lightness - l, x - p, y - q) < ALIKE;
  });
}

export interface Mark {
  /** From 1; two keys that look alike never have the same. */
  readonly mark: number;
  /** The unmarked key that it looks like, or one that is marked otherwise. */
  readonly like: string;
}

/** What tells keys apart whose colours do not, when they are shown together: of those that look alike all but the first by name. */
export function marksOf(keys: readonly string[]): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>();
  const sorted = [...new Set(keys)].sort();
  const own = sorted.map(hueOfKey);
  sorted.forEach((key, i) => {
    const alike = sorted.slice(0, i).filter((_, k) => areAlike(own[i] ?? 0, own[k] ?? 0));
    const taken = new Set(alike.map((other) => marks.get(other)?.mark ?? 0));
    let mark = 0;
    while (taken.has(mark)) mark++;
    const [like] = alike;
    if (mark > 0 && like !== undefined) marks.set(key, { mark, like });
  });
  return marks;
}

/** Chosen so that keys that are often seen together (read and write, sent and received) lie far apart on the circle. */
const BASIS = 0x8151a776;

/** FNV-1a with a finalizer, so that names that differ only in the last letter are spread. */
function hashOf(key: string): number {
  let hash = BASIS;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Fully saturated, full brightness. */
function pureColour(hue: number): number {
  const channel = (n: number): number => {
    const k = (n + hue / 60) % 6;
    return Math.round(255 * (1 - Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return (channel(5) << 16) | (channel(3) << 8) | channel(1);
}

/** Angle on OKLab's hue circle, where equal angles look equally far apart; HSV crowds the greens. */
function angleOf(hue: number): number {
  const [, a, b] = labOf(pureColour(hue));
  return ((Math.atan2(b, a) * 180) / Math.PI + TURN) % TURN;
}

let angles: readonly number[] | undefined;

function nearestHue(angle: number): number {
  angles ??= Array.from({ length: TURN }, (_, hue) => angleOf(hue));
  let best = 0;
  let least = Infinity;
  angles.forEach((other, hue) => {
    const apart = Math.abs(other - angle);
    const distance = Math.min(apart, TURN - apart);
    if (distance < least) [best, least] = [hue, distance];
  });
  return best;
}

const ends = new Map<string, Lab>();

/** End of a hue's ramp: the greatest chroma that the theme allows and a screen can show. */
function endOf(hue: number, theme: Theme): Lab {
  // Hues are whole degrees: the map stays small.
  const whole = ((Math.round(hue) % TURN) + TURN) % TURN;
  const key = `${theme} ${whole}`;
  const known = ends.get(key);
  if (known !== undefined) return known;
  const { lightness, chroma } = GROUNDS[theme];
  const angle = (angleOf(whole) * Math.PI) / 180;
  let [low, high] = [0, chroma];
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    if (isShowable([lightness, middle * Math.cos(angle), middle * Math.sin(angle)])) low = middle;
    else high = middle;
  }
  const end: Lab = [lightness, low * Math.cos(angle), low * Math.sin(angle)];
  ends.set(key, end);
  return end;
}

function isShowable(lab: Lab): boolean {
  return linearOf(lab).every((channel) => channel >= -1e-4 && channel <= 1 + 1e-4);
}

/** Björn Ottosson's matrices (2020), by way of linear sRGB. */
export function labOf(colour: number): Lab {
  const [r, g, b] = [linear(colour >>> 16), linear((colour >>> 8) & 0xff), linear(colour & 0xff)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function linearOf([lightness, a, b]: Lab): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function colourOf(lab: Lab): number {
  const [r, g, b] = linearOf(lab).map((channel) => {
    const c = Math.min(1, Math.max(0, channel));
    return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  });
  return ((r ?? 0) << 16) | ((g ?? 0) << 8) | (b ?? 0);
}

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}
