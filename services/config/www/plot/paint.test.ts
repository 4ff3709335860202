import type { Layer } from '../model/cells.ts';
import { colourOf, GROUND, pureHue, repaint } from './colour.ts';
import { absoluteDifference, paint, paintDifference, type Picture } from './paint.ts';
import { shadeOf } from './shade.ts';

/** Two columns, two rows; counts go up each column from the bottom. */
const layer = (...counts: number[]): Layer => ({ columns: 2, rows: 2, counts: new Float64Array(counts) });

const pixel = ({ rgba, width }: Picture, x: number, y: number): number[] => [
  ...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
];

test('time goes right, values go up', () => {
  const one = layer(0, 0, 9, 0); // second column, bottom row
  const picture = paint([{ layer: one, hue: 24 }], shadeOf([one], 'rank'), 'light');
  expect(pixel(picture, 1, 1)).toEqual([...colourOf(pureHue(24), 1, 'light')]);
  for (const [x, y] of [
    [0, 0],
    [1, 0],
    [0, 1],
  ] as const)
    expect(pixel(picture, x, y)).toEqual([...GROUND.light]);
});

test('where two keys meet, their colours mix; alone, each has its own', () => {
  const a = layer(5, 0, 5, 0);
  const b = layer(0, 0, 5, 5);
  const picture = paint(
    [
      { layer: a, hue: 0 },
      { layer: b, hue: 240 },
    ],
    shadeOf([a, b], 'rank'),
    'light',
  );
  expect(pixel(picture, 0, 1)).toEqual([...colourOf([1, 0, 0], 1, 'light')]);
  expect(pixel(picture, 1, 0)).toEqual([...colourOf([0, 0, 1], 1, 'light')]);
  // As the aggregator mixes: the mean of HSV(0, 0.9, 0.95) and HSV(240, 0.9, 0.95), repainted.
  const served = new Uint8ClampedArray([133, 24, 133, 255]);
  repaint(served, 'light', [0, 240]);
  const mixed = pixel(picture, 1, 1);
  for (const c of [0, 1, 2]) expect(Math.abs((mixed[c] ?? 0) - (served[c] ?? 0))).toBeLessThanOrEqual(2);
});

test('a difference is warm where there is more, cool where there is less, ground where it is equal', () => {
  const a = layer(9, 1, 5, 0);
  const b = layer(1, 9, 5, 0);
  const shade = shadeOf([absoluteDifference(a, b)], 'linear');
  const picture = paintDifference(a, b, shade, 'light');
  const [warmR = 0, , warmB = 0] = pixel(picture, 0, 1);
  const [coolR = 0, , coolB = 0] = pixel(picture, 0, 0);
  expect(warmR).toBeGreaterThan(warmB);
  expect(coolB).toBeGreaterThan(coolR);
  expect(pixel(picture, 1, 1)).toEqual([...GROUND.light]);
});

test('swapping the sides of a difference swaps its colours', () => {
  const a = layer(9, 0, 0, 0);
  const b = layer(0, 9, 0, 0);
  const shade = shadeOf([absoluteDifference(a, b)], 'log');
  const forth = paintDifference(a, b, shade, 'dark');
  const back = paintDifference(b, a, shade, 'dark');
  expect(pixel(forth, 0, 1)).toEqual(pixel(back, 0, 0));
});

test('where one side is not known there is no difference, and the rest is shaded without it', () => {
  const a = layer(9, 0, 0, 2);
  const b = layer(0, 0, 0, 0);
  const isKnown = (column: number): boolean => column === 1;
  expect([...absoluteDifference(a, b, isKnown).counts]).toEqual([0, 0, 0, 2]);
  const picture = paintDifference(a, b, () => 1, 'light', isKnown);
  expect(pixel(picture, 0, 1)).toEqual(pixel(picture, 0, 0));
  expect(pixel(picture, 0, 1)).not.toEqual([...GROUND.light]);
  const [warmR = 0, , warmB = 0] = pixel(picture, 1, 0);
  expect(warmR).toBeGreaterThan(warmB);
});
