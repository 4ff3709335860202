import { shadeOf } from './shade.ts';
import type { Layer } from '../model/cells.ts';

const layer = (...counts: number[]): Layer => ({
  columns: 1,
  rows: counts.length,
  counts: new Float64Array(counts),
});

test('nothing is shaded nothing, by every policy', () => {
  for (const coloring of ['rank', 'linear', 'log'] as const) {
    expect(shadeOf([layer(0, 5, 9)], coloring)(0)).toBe(0);
    expect(shadeOf([], coloring)(0)).toBe(0);
  }
});

test('the largest count is fully shaded, by every policy', () => {
  for (const coloring of ['rank', 'linear', 'log'] as const)
    expect(shadeOf([layer(0, 5, 9)], coloring)(9)).toBe(1);
});

test('rank: equal counts share a shade, size does not matter', () => {
  const shade = shadeOf([layer(1, 1, 2, 1_000_000)], 'rank');
  expect([1, 2, 1_000_000].map(shade)).toEqual([0.5, 0.75, 1]);
});

test('one outlier does not wash out the rest: a single event stays visible by log', () => {
  const shade = shadeOf([layer(1, 1_000_000)], 'log');
  expect(shade(1)).toBeGreaterThan(0.1);
  expect(shadeOf([layer(1, 1_000_000)], 'linear')(1)).toBeLessThan(0.001);
});

test('two pictures on one scale give one count one shade', () => {
  const [a, b] = [layer(1, 2, 3), layer(3, 50, 100)];
  const shade = shadeOf([a, b], 'rank');
  expect(shade(3)).toBeGreaterThan(shade(2));
  expect(shade(3)).toBeLessThan(shade(50));
});
