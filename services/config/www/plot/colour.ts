/*
 * Hue and shade → the colour of a pixel, on a light or a dark ground. In: hues 0..359, shades 0..1. Out: red, green, blue.
 * Also the way back, for pictures that the aggregator painted: its ramp goes from white to HSV(hue, 0.9, 0.95).
 */

export type Rgb = readonly [number, number, number];
export type Theme = 'light' | 'dark';

/**
 * The first is for all events, the others for highlighted keys in order. After the first two each is the hue whose
 * nearest neighbour is farthest, over four kinds of eyes (normal, and blind for red, green or blue) and both grounds.
 */
export const HUES: readonly number[] = [24, 214, 168, 60, 252, 342, 194, 320, 42, 358, 298, 128];

/** Keys that can have a hue of their own at once; the first is for everything else. */
export const COLOURED_KEYS = HUES.length - 1;

export function hueAt(index: number): number {
  const known = HUES[index];
  // Past the list: golden-angle steps, far from the neighbours if not from all.
  return known ?? Math.round(index * 137.508) % 360;
}

/** Fully saturated, full value. */
export function pureHue(hue: number): Rgb {
  const channel = (n: number): number => {
    const k = (n + hue / 60) % 6;
    return 1 - Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

/** Colours of the ground that a shade of 0 melts into (style/ground.css has the same two). */
export const GROUND: Readonly<Record<Theme, Rgb>> = { light: [255, 255, 255], dark: [17, 21, 28] };

/** Light: from white to deep. Dark: from the ground to bright. Monotone in lightness, as a ramp must be. */
export function colourOf(pure: Rgb, shade: number, theme: Theme): Rgb {
  const t = Math.min(1, Math.max(0, shade));
  if (t === 0) return GROUND[theme];
  const [r, g, b] = GROUND[theme];
  if (theme === 'light') {
    // Starts at 12 %: a single event must be seen on white. Deepens at the end, or yellow would never leave the ground.
    const s = 0.12 + 0.88 * t;
    const deep = 0.95 - 0.3 * t * t;
    const mix = (c: number, ground: number): number => Math.round(ground + (c * 255 * deep - ground) * s);
    return [mix(pure[0], r), mix(pure[1], g), mix(pure[2], b)];
  }
  const s = 0.2 + 0.8 * t;
  const white = 0.3 * t * t;
  const mix = (c: number, ground: number): number =>
    Math.round(ground + ((c + (1 - c) * white) * 255 - ground) * s);
  return [mix(pure[0], r), mix(pure[1], g), mix(pure[2], b)];
}

export function cssColour([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

const SERVED_LEVELS = 255;
const SERVED_SATURATION = 0.9;
const SERVED_BRIGHTNESS = 0.95 * 255;

/** Which pure hue and shade a pixel of the aggregator's stands for. */
export function shadeOfPixel(
  r: number,
  g: number,
  b: number,
): { readonly pure: Rgb; readonly shade: number } {
  const max = Math.max(r, g, b);
  const min = Math.min(r, g, b);
  const range = max - min;
  if (range === 0) return { pure: [0, 0, 0], shade: 0 };
  return {
    pure: [(r - min) / range, (g - min) / range, (b - min) / range],
    shade: Math.min(1, range / max / SERVED_SATURATION),
  };
}

/** The aggregator's colour for layers that meet in a cell: the mean of theirs, weighted by shade; not rounded. */
export function servedMix(layers: readonly { readonly pure: Rgb; readonly shade: number }[]): Rgb {
  let [weight, r, g, b] = [0, 0, 0, 0];
  for (const { pure, shade } of layers) {
    const taken = shade * shade;
    weight += shade;
    r += taken * (1 - pure[0]);
    g += taken * (1 - pure[1]);
    b += taken * (1 - pure[2]);
  }
  const channel = (taken: number): number => SERVED_BRIGHTNESS * (1 - (SERVED_SATURATION * taken) / weight);
  return [channel(r), channel(g), channel(b)];
}

const idOf = (r: number, g: number, b: number): number => (r << 16) | (g << 8) | b;

/** What each colour of these hues' ramps becomes: near white a pixel alone would not tell its hue. */
function rampsOf(hues: readonly number[], theme: Theme): Map<number, Rgb> {
  const known = new Map<number, Rgb>();
  for (const hue of hues) {
    const pure = pureHue(hue);
    for (let level = 1; level <= SERVED_LEVELS; level++) {
      const shade = level / SERVED_LEVELS;
      const [r, g, b] = servedMix([{ pure, shade }]).map(Math.round);
      const id = idOf(r ?? 0, g ?? 0, b ?? 0);
      if (!known.has(id)) known.set(id, colourOf(pure, shade, theme));
    }
  }
  return known;
}

let ramps: { readonly key: string; readonly known: Map<number, Rgb> } | undefined;

/**
 * Repaints the aggregator's pixels for the theme, in place; `hues` are those it was asked to paint with. Equal pixels
 * are computed once: pictures have few colours.
 */
export function repaint(rgba: Uint8ClampedArray, theme: Theme, hues: readonly number[]): void {
  const key = `${theme} ${hues.join()}`;
  if (ramps?.key !== key) ramps = { key, known: rampsOf(hues, theme) };
  const known = new Map(ramps.known);
  for (let i = 0; i < rgba.length; i += 4) {
    const r = rgba[i] ?? 0;
    const g = rgba[i + 1] ?? 0;
    const b = rgba[i + 2] ?? 0;
    const id = idOf(r, g, b);
    let colour = known.get(id);
    if (colour === undefined) {
      const { pure, shade } = shadeOfPixel(r, g, b);
      colour = colourOf(pure, shade, theme);
      known.set(id, colour);
    }
    [rgba[i], rgba[i + 1], rgba[i + 2]] = colour;
    rgba[i + 3] = 255;
  }
}

/** A difference: more now is warm, less is cool; the pair survives every kind of colour blindness. */
export function differenceColour(signed: number, theme: Theme): Rgb {
  return colourOf(pureHue(signed > 0 ? 24 : 214), Math.abs(signed), theme);
}
