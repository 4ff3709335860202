import { colourOf, GROUND, hueAt, HUES, pureHue, repaint, shadeOfPixel, type Rgb } from './colour.ts';

const linear = (c: number): number =>
  c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
const lightness = ([r, g, b]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** Full colour blindness of each kind, as matrices on linear RGB (Machado, Oliveira and Fernandes 2009, severity 1). */
const BLINDNESS = {
  protan: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deutan: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritan: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;

/** Distance in CIELAB (ΔE 1976) as such an eye sees it. */
function apart(a: Rgb, b: Rgb, eye: readonly number[] | undefined): number {
  const lab = (rgb: Rgb): Rgb => {
    const [r, g, l] = rgb.map(linear) as unknown as Rgb;
    const at = (i: number): number => eye?.[i] ?? 0;
    const seen: Rgb =
      eye === undefined
        ? [r, g, l]
        : [
            at(0) * r + at(1) * g + at(2) * l,
            at(3) * r + at(4) * g + at(5) * l,
            at(6) * r + at(7) * g + at(8) * l,
          ];
    const [sr, sg, sb] = seen.map((c) => Math.min(1, Math.max(0, c))) as unknown as Rgb;
    const f = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
    const x = f((0.4124 * sr + 0.3576 * sg + 0.1805 * sb) / 0.9505);
    const y = f(0.2126 * sr + 0.7152 * sg + 0.0722 * sb);
    const z = f((0.0193 * sr + 0.1192 * sg + 0.9505 * sb) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const [p, q] = [lab(a), lab(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

test.each([undefined, 'protan', 'deutan', 'tritan'] as const)(
  'everything else and the first five keys are well apart for every eye (%s)',
  (kind) => {
    for (const theme of ['light', 'dark'] as const) {
      const colours = HUES.slice(0, 6).map((hue) => colourOf(pureHue(hue), 0.75, theme));
      for (const [i, a] of colours.entries()) {
        for (const b of colours.slice(i + 1)) {
          expect(apart(a, b, kind === undefined ? undefined : BLINDNESS[kind])).toBeGreaterThan(15);
        }
      }
    }
  },
);

test('a ramp only gets darker on light ground, only brighter on dark', () => {
  for (const hue of HUES) {
    const ramp = Array.from({ length: 21 }, (_, i) => i / 20);
    const light = ramp.map((t) => lightness(colourOf(pureHue(hue), t, 'light')));
    const dark = ramp.map((t) => lightness(colourOf(pureHue(hue), t, 'dark')));
    for (let i = 1; i < ramp.length; i++) {
      expect(light[i]!).toBeLessThan(light[i - 1]!);
      expect(dark[i]!).toBeGreaterThan(dark[i - 1]!);
    }
  }
});

test('no event has the colour of the ground, one event does not', () => {
  for (const theme of ['light', 'dark'] as const) {
    expect(colourOf(pureHue(24), 0, theme)).toEqual(GROUND[theme]);
    expect(apart(colourOf(pureHue(24), 0.01, theme), GROUND[theme], undefined)).toBeGreaterThan(5);
  }
});

test('the aggregator’s pixels are read back as hue and shade', () => {
  expect(shadeOfPixel(255, 255, 255)).toEqual({ pure: [0, 0, 0], shade: 0 });
  // HSV(0, 0.9, 0.95): the deepest red of its ramp.
  const { pure, shade } = shadeOfPixel(242, 24, 24);
  expect(pure).toEqual([1, 0, 0]);
  expect(shade).toBeCloseTo(1, 1);
});

test('repainting keeps white as ground and leaves no pixel transparent', () => {
  const rgba = new Uint8ClampedArray([255, 255, 255, 255, 242, 24, 24, 255]);
  repaint(rgba, 'dark', [0]);
  expect([...rgba.subarray(0, 4)]).toEqual([...GROUND.dark, 255]);
  expect(rgba[4]).toBeGreaterThan(200);
  expect(rgba[7]).toBe(255);
});

test('the faintest pixel keeps the hue that it was painted with', () => {
  // HSV(24, 0.9 / 255, 0.95): from these three numbers alone it would be yellow.
  const rgba = new Uint8ClampedArray([242, 242, 241, 255]);
  repaint(rgba, 'light', [24]);
  expect([...rgba.subarray(0, 3)]).toEqual(colourOf(pureHue(24), 1 / 255, 'light'));
});

test('past the list hues go on, and are hues', () => {
  for (let i = 0; i < 100; i++) {
    expect(hueAt(i)).toBeGreaterThanOrEqual(0);
    expect(hueAt(i)).toBeLessThan(360);
  }
});
