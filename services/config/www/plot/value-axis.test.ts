import { sliceOf } from '../model/slice.ts';
import { autoscale, axisTicks, nextAxis, positionOf, suggestAxis, valueAt } from './value-axis.ts';

const upTo = (top: number) => sliceOf([[[top - 1, top - 1], 1]]);

test.each([
  [10, 12],
  [100, 120],
  [1235, 1400],
  [820_000, 1_000_000],
  [0, 0],
])('%d scales to %d, as the aggregator does it', (m, top) => {
  expect(autoscale(m)).toBe(top);
});

test('position and value are each other’s inverse, linear and logarithmic', () => {
  for (const axis of [
    { kind: 'linear', min: 0, max: 1400 },
    { kind: 'log', min: 100, max: 1e9 },
  ] as const) {
    for (const p of [0, 0.1, 0.5, 0.99, 1]) expect(positionOf(axis, valueAt(axis, p))).toBeCloseTo(p);
  }
});

test('a logarithmic axis has zero at its bottom, not at minus infinity', () => {
  expect(positionOf({ kind: 'log', min: 1, max: 1000 }, 0)).toBe(0);
});

test('the axis stays while the data moves within it, grows at once, shrinks only by a factor', () => {
  const first = nextAxis('linear', upTo(1000), undefined, undefined);
  expect(first.max).toBe(1200);
  expect(nextAxis('linear', upTo(1190), undefined, first)).toBe(first);
  expect(nextAxis('linear', upTo(700), undefined, first)).toBe(first);
  expect(nextAxis('linear', upTo(1300), undefined, first).max).toBe(1400);
  expect(nextAxis('linear', upTo(300), undefined, first).max).toBeLessThan(500);
});

test('a percent axis ends at a hundred, not at a hundred and twenty', () => {
  const percent = { arity: 'numeric', unit: 'percent', abbr: '%', minmax: 100 } as const;
  const axis = nextAxis('linear', upTo(40), percent, undefined);
  expect(axis.max).toBe(101);
  expect(axisTicks(axis, 5, percent).at(-1)?.label).toBe('100 %');
});

test('nothing seen yet is still an axis', () => {
  const axis = nextAxis('log', sliceOf([]), undefined, undefined);
  expect(axis.max).toBeGreaterThan(axis.min);
  expect(axisTicks(axis, 5, undefined).length).toBeGreaterThan(1);
});

test('latencies over decades suggest a logarithmic axis, a narrow spread a linear one', () => {
  const wide = sliceOf([
    [[1000, 1099], 1000],
    [[10_000_000, 10_999_999], 1],
  ]);
  const narrow = sliceOf([
    [[100, 109], 50],
    [[150, 159], 50],
  ]);
  expect(suggestAxis(wide)).toBe('log');
  expect(suggestAxis(narrow)).toBe('linear');
  expect(suggestAxis(sliceOf([]))).toBe('linear');
});
