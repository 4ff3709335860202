import fc from 'fast-check';
import { LOG_GRID } from '../../model/bucket';
import { gridOf } from '../../model/field';
import { boundsOf, exportBounds, histogramValue, intervals, nativeOf } from './bounds';

const TIME = { decomposition: ['latency'], fields: { latency: 'time' as const } };

test('bounds of a time are whole buckets from 1 µs to 10 s, nine to a decade', () => {
  const { uppers, buckets } = exportBounds({}, TIME, 9);
  expect(uppers).toHaveLength(1 + 7 * 9);
  expect(uppers.slice(0, 3)).toEqual([0.000000999, 0.000001999, 0.000002999]);
  expect(uppers.at(-1)).toBe(9.999999999);
  expect(buckets.every((bucket, i) => Math.round((uppers[i] ?? 0) * 1e9) === LOG_GRID.ceilOf(bucket))).toBe(
    true,
  );
});

test('with 90 steps every bucket within the decades has its own bound', () => {
  const { buckets } = exportBounds({ from: 1, to: 1e4, steps: 90 }, TIME, 9);
  const first = LOG_GRID.bucketOf(1);
  expect(buckets).toEqual(Array.from({ length: LOG_GRID.bucketOf(9999) - first + 1 }, (_, i) => first + i));
});

test.each([
  [{ from: 5 }, 'power of ten'],
  [{ from: 1e6, to: 1e3 }, '"to" above'],
  [{ to: 1e16 }, 'power of ten'],
])('%j is refused as bounds, and the reason says %s', (asked, reason) => {
  expect(() => exportBounds(asked, TIME, 9)).toThrow(reason);
});

test('a linear grid has bounds of its own', () => {
  expect(boundsOf({}, 'percent', gridOf('percent'), 100, 9).uppers).toEqual([
    0.09, 0.19, 0.29, 0.39, 0.49, 0.59, 0.69, 0.79, 0.89, 0.99,
  ]);
});

const counts = fc
  .array(fc.tuple(fc.integer({ min: 0, max: LOG_GRID.size - 1 }), fc.integer({ min: 1, max: 1000 })), {
    maxLength: 50,
  })
  .map((pairs) => {
    const all = new Float64Array(LOG_GRID.size);
    for (const [bucket, count] of pairs) all[bucket] = (all[bucket] ?? 0) + count;
    return all;
  });

test('no count is lost or crosses a bound', () => {
  const bounds = exportBounds({}, TIME, 9);
  fc.assert(
    fc.property(counts, (all) => {
      const { cumulative, count } = histogramValue(all, bounds, LOG_GRID, 1e9);
      expect(count).toBe(all.reduce((a, b) => a + b, 0));
      bounds.buckets.forEach((bucket, i) => {
        expect(cumulative[i]).toBe(all.subarray(0, bucket + 1).reduce((a, b) => a + b, 0));
      });
      expect(intervals(all, bounds).reduce((a, b) => a + b, 0)).toBe(count);
    }),
    { numRuns: 50 },
  );
});

test('exponential buckets of schema 7 hold the middle of at most one of our buckets each', () => {
  const all = new Float64Array(LOG_GRID.size).fill(1);
  const { buckets, zeroCount, schema } = nativeOf(all, LOG_GRID, 1e9);
  expect(zeroCount).toBe(1);
  expect(buckets).toHaveLength(LOG_GRID.size - 1);
  buckets.forEach(([index, count], i) => {
    const middle = (LOG_GRID.floorOf(i + 1) + LOG_GRID.ceilOf(i + 1)) / 2e9;
    expect(count).toBe(1);
    expect(2 ** ((index - 1) / 2 ** schema)).toBeLessThan(middle);
    expect(2 ** (index / 2 ** schema)).toBeGreaterThanOrEqual(middle * (1 - 1e-12));
  });
});
