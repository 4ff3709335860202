import fc from 'fast-check';
import { LOG_GRID, LOG_LIMIT, linearGrid } from './bucket';

fc.configureGlobal({ seed: 20_260_121 });

const values = fc.oneof(
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.integer({ min: 0, max: LOG_LIMIT - 1 }),
  // Neighbours of every boundary, where off-by-one errors show.
  fc
    .tuple(fc.integer({ min: 0, max: LOG_GRID.size - 1 }), fc.constantFrom(-1, 0, 1))
    .map(([bucket, step]) => Math.max(0, LOG_GRID.floorOf(bucket) + step)),
);

test('a value lies within the range of its bucket', () => {
  fc.assert(
    fc.property(values, (v) => {
      const bucket = LOG_GRID.bucketOf(v);
      expect(LOG_GRID.floorOf(bucket)).toBeLessThanOrEqual(v);
      expect(v).toBeLessThanOrEqual(LOG_GRID.ceilOf(bucket));
    }),
    { numRuns: 5000 },
  );
});

test('buckets follow each other without gap or overlap, over the whole grid', () => {
  for (let b = 1; b < LOG_GRID.size; b++) expect(LOG_GRID.floorOf(b)).toBe(LOG_GRID.ceilOf(b - 1) + 1);
  expect(LOG_GRID.floorOf(0)).toBe(0);
  expect(LOG_GRID.ceilOf(LOG_GRID.size - 1)).toBe(LOG_LIMIT - 1);
});

test('every bucket contains its own bounds', () => {
  for (let b = 0; b < LOG_GRID.size; b++) {
    expect(LOG_GRID.bucketOf(LOG_GRID.floorOf(b))).toBe(b);
    expect(LOG_GRID.bucketOf(LOG_GRID.ceilOf(b))).toBe(b);
  }
});

test('the grid is two significant digits: the ranges of llquantize(v, 10, …, 100)', () => {
  const range = (v: number): number[] => {
    const b = LOG_GRID.bucketOf(v);
    return [LOG_GRID.floorOf(b), LOG_GRID.ceilOf(b)];
  };
  expect(range(9)).toEqual([9, 9]);
  expect(range(10)).toEqual([10, 10]);
  expect(range(99)).toEqual([99, 99]);
  expect(range(100)).toEqual([100, 109]);
  // The original put 1095 into no bucket at all: its ranges above 1000 ended one step early.
  expect(range(1095)).toEqual([1000, 1099]);
  expect(range(1_234_567)).toEqual([1_200_000, 1_299_999]);
});

test('the middle of a bucket is within 4.8 % of every value in it', () => {
  for (let b = 10; b < LOG_GRID.size; b++) {
    const [lo, hi] = [LOG_GRID.floorOf(b), LOG_GRID.ceilOf(b)];
    expect((hi - lo) / 2 / lo).toBeLessThan(0.05);
  }
});

test.each([
  ['negative', -5, 0],
  ['not a number', NaN, 0],
  ['beyond the grid', Infinity, LOG_GRID.size - 1],
  ['fractions', 0.9, 0],
  ['the last value', LOG_LIMIT - 1, LOG_GRID.size - 1],
])('%s values have a bucket too', (_name, value, bucket) => {
  expect(LOG_GRID.bucketOf(value)).toBe(bucket);
});

test('a linear grid has equal steps and ends with its last bucket', () => {
  const grid = linearGrid(10, 100);
  expect([0, 9, 10, 999, 1000, 5000].map((v) => grid.bucketOf(v))).toEqual([0, 0, 1, 99, 99, 99]);
  expect([grid.floorOf(3), grid.ceilOf(3)]).toEqual([30, 39]);
});
