import fc from 'fast-check';
import { edgeOf, linearAxis, logAxis, positionOf, valueAt } from './axis';
import { linearGrid, LOG_GRID } from './bucket';

const PERCENT = linearGrid(1, 101);
const SUBSECOND = linearGrid(10, 100);

const range = fc
  .tuple(fc.integer({ min: 0, max: 10 ** 14 }), fc.integer({ min: 1, max: 10 ** 14 }))
  .map(([min, span]) => [min, min + span] as const);

test('rows of a logarithmic axis are whole buckets, ascending, at most the requested number, and cover the range', () => {
  fc.assert(
    fc.property(
      range,
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom(LOG_GRID, PERCENT, SUBSECOND),
      ([min, max], rows, grid) => {
        const axis = logAxis(grid, min, max, rows);
        expect(axis.rows).toBeGreaterThanOrEqual(1);
        expect(axis.rows).toBeLessThanOrEqual(rows);
        expect(axis.edges).toHaveLength(axis.rows + 1);
        axis.edges?.forEach((edge, i, edges) => {
          const last = i === edges.length - 1;
          if (!last) expect(grid.floorOf(grid.bucketOf(edge))).toBe(edge);
          else expect(grid.ceilOf(grid.bucketOf(edge - 1)) + 1).toBe(edge);
          if (i > 0) expect(edge).toBeGreaterThan(edges[i - 1] ?? Infinity);
        });
        expect(axis.min).toBeLessThanOrEqual(min);
        expect(axis.max).toBeGreaterThanOrEqual(Math.min(max, grid.ceilOf(grid.size - 1) + 1));
      },
    ),
  );
});

test('a decade has 24 rows of about equal height on the logarithmic scale', () => {
  const axis = logAxis(LOG_GRID, 1000, 10_000, 100);
  expect(axis.edges?.slice(0, 6)).toEqual([1000, 1100, 1200, 1300, 1500, 1600]);
  expect(axis.rows).toBe(24);
  for (let row = 0; row < axis.rows; row++) {
    const exact = Math.log10(edgeOf(axis, row) / 1000);
    expect(Math.abs(exact - row / 24)).toBeLessThan(0.5 / 24);
  }
});

test('the exact values below 10 have a row each', () => {
  expect(logAxis(LOG_GRID, 0, 10, 100).edges).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('value → position → value is the same on both scales, and positions ascend', () => {
  const axes = [linearAxis(0, 1400, 100), linearAxis(50, 51, 7), logAxis(LOG_GRID, 10, 1e9, 100)];
  for (const axis of axes) {
    let before = -Infinity;
    for (let i = 0; i <= 500; i++) {
      const value = axis.min + ((axis.max - axis.min) * i) / 500;
      const position = positionOf(axis, value);
      expect(position).toBeGreaterThan(before);
      before = position;
      expect(Math.abs(valueAt(axis, position) - value)).toBeLessThanOrEqual(1e-9 * axis.max);
    }
    for (let row = 0; row <= axis.rows; row++)
      expect(positionOf(axis, edgeOf(axis, row))).toBeCloseTo(row / axis.rows, 9);
  }
});
