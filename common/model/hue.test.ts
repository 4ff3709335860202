import fc from 'fast-check';
import {
  groundOf,
  hueOfKey,
  labOf,
  LESS_HUE,
  marksOf,
  REST_HUE,
  shadeColour,
  swatchColour,
  THEMES,
} from './hue';

const distance = (a: number, b: number): number => {
  const [p, q] = [labOf(a), labOf(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
};

const HUES = Array.from({ length: 24 }, (_, i) => 15 * i);

test.each(THEMES)('equal steps of shade look equal, in each hue: %s', (theme) => {
  for (const hue of HUES) {
    const colours = Array.from({ length: 9 }, (_, i) => shadeColour(hue, (i + 1) / 9, theme));
    const steps = colours.slice(1).map((colour, i) => distance(colour, colours[i] ?? 0));
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    for (const step of steps) expect(Math.abs(step - mean) / mean).toBeLessThan(0.2);
  }
});

test.each(THEMES)(
  'the faintest shade differs visibly from its background, and lightness is monotonic: %s',
  (theme) => {
    const ground = groundOf(theme);
    for (const hue of HUES) {
      expect(shadeColour(hue, 0, theme)).toBe(ground);
      expect(distance(shadeColour(hue, 1e-9, theme), ground)).toBeGreaterThan(0.05);
      const lightness = Array.from({ length: 33 }, (_, i) => labOf(shadeColour(hue, i / 32, theme))[0]);
      const up = theme === 'dark';
      lightness.slice(1).forEach((one, i) => {
        expect(up ? one > (lightness[i] ?? 0) : one < (lightness[i] ?? 0)).toBe(true);
      });
    }
  },
);

test('a key has one hue, a whole number of degrees, away from the hue of "everything else"', () => {
  const rest = shadeColour(REST_HUE, 1, 'light');
  fc.assert(
    fc.property(fc.string(), (key) => {
      const hue = hueOfKey(key);
      expect(Number.isInteger(hue) && hue >= 0 && hue < 360).toBe(true);
      expect(hueOfKey(key)).toBe(hue);
      expect(distance(shadeColour(hue, 1, 'light'), rest)).toBeGreaterThan(0.04);
    }),
  );
});

test('names that differ in one letter get hues over the whole circle', () => {
  const hues = new Set(Array.from({ length: 100 }, (_, i) => Math.floor(hueOfKey(`disk${i}`) / 30)));
  expect(hues.size).toBeGreaterThanOrEqual(9);
});

test('the colours of more and less are far apart, also with red-green colour blindness', () => {
  // Without the red-green axis (a), lightness and the blue-yellow axis remain.
  for (const theme of THEMES) {
    const [more, less] = [labOf(shadeColour(REST_HUE, 1, theme)), labOf(shadeColour(LESS_HUE, 1, theme))];
    expect(Math.abs(more[2] - less[2])).toBeGreaterThan(0.12);
  }
});

const nearest = (keys: readonly string[]): number =>
  Math.min(
    ...THEMES.flatMap((theme) =>
      keys.flatMap((a, i) =>
        keys
          .slice(i + 1)
          .map((b) => distance(swatchColour(hueOfKey(a), theme), swatchColour(hueOfKey(b), theme))),
      ),
    ),
  );

test.each([
  [['read', 'write', 'flush', 'discard']],
  [['received', 'sent']],
  [['user', 'kernel', 'idle']],
  [['used', 'available', 'reserved']],
  [['some tasks', 'all tasks']],
  [['GET', 'POST', 'PUT', 'DELETE']],
])('names that are often seen together have colours that nobody takes for one another: %j', (keys) => {
  expect(marksOf(keys)).toEqual(new Map());
  expect(nearest(keys)).toBeGreaterThanOrEqual(0.035);
});

test('keys that are shown together differ in colour or in their mark, the same in whatever order they come', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), (keys) => {
      const marks = marksOf(keys);
      expect(marksOf([...keys].reverse())).toEqual(marks);
      const markOf = (key: string): number => marks.get(key)?.mark ?? 0;
      for (const mark of new Set(keys.map(markOf)))
        expect(nearest(keys.filter((key) => markOf(key) === mark))).toBeGreaterThanOrEqual(0.035);
      for (const { like } of marks.values()) expect(keys).toContain(like);
    }),
  );
});

test('two keys of one hue: the second one by name is marked, and says which it looks like', () => {
  const hue = hueOfKey('a');
  const twin = Array.from({ length: 5000 }, (_, i) => `b${i}`).find((key) => hueOfKey(key) === hue) ?? '';
  expect(marksOf([twin, 'a'])).toEqual(new Map([[twin, { mark: 1, like: 'a' }]]));
  expect(marksOf([twin])).toEqual(new Map());
});
