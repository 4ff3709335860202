import * as fc from 'fast-check';
import { layerOf, remainder } from './cells.ts';
import type { Point } from './history.ts';
import { sliceOf } from './slice.ts';
import type { Ranges } from './answers.ts';

const SEED = 20260105;

const point = (start: number, ranges: Ranges): Point => ({
  start,
  all: sliceOf(ranges),
  keys: new Map(),
  nsources: 1,
  minreporting: 1,
  lost: 0,
});

const all = (p: Point) => p.all;

/** Columns of a layer as strings of counts, top row first. */
function picture(points: (Point | undefined)[], rows: number, max: number): string[] {
  const { counts } = layerOf(points, all, { kind: 'linear', min: 0, max }, rows);
  return points.map((_, c) => [...counts.subarray(c * rows, (c + 1) * rows)].reverse().join(' '));
}

test('a bucket inside one row is there whole', () => {
  expect(picture([point(0, [[[10, 19], 7]])], 4, 40)).toEqual(['0 0 7 0']);
});

test('a bucket over two rows is shared by the part in each', () => {
  expect(picture([point(0, [[[5, 14], 8]])], 4, 40)).toEqual(['0 0 4 4']);
});

test('an unknown second is an empty column, in its place', () => {
  expect(picture([point(0, [[[0, 9], 1]]), undefined, point(2, [[[0, 9], 2]])], 2, 20)).toEqual([
    '0 1',
    '0 0',
    '0 2',
  ]);
});

test('what is above or below the axis stays visible at the rim', () => {
  const { counts } = layerOf(
    [
      point(0, [
        [[1, 1], 3],
        [[999, 999], 5],
      ]),
    ],
    all,
    { kind: 'linear', min: 10, max: 50 },
    4,
  );
  expect([...counts]).toEqual([3, 0, 0, 5]);
});

test('no event is lost or doubled, on either axis', () => {
  const bucket = fc.tuple(fc.integer({ min: 1, max: 9_999 }), fc.nat(500), fc.integer({ min: 1, max: 1000 }));
  fc.assert(
    fc.property(
      fc.array(bucket, { maxLength: 30 }),
      fc.constantFrom('linear' as const, 'log' as const),
      fc.integer({ min: 1, max: 200 }),
      (buckets, kind, rows) => {
        const ranges = buckets.map(([lo, wide, n]): [[number, number], number] => [[lo, lo + wide], n]);
        const { counts } = layerOf([point(0, ranges)], all, { kind, min: 1, max: 20_000 }, rows);
        const total = counts.reduce((a, b) => a + b, 0);
        expect(total).toBeCloseTo(
          ranges.reduce((sum, [, n]) => sum + n, 0),
          4,
        );
      },
    ),
    { seed: SEED },
  );
});

test('what remains after the highlighted keys has no dust in it', () => {
  const axis = { kind: 'linear', min: 0, max: 40 } as const;
  const total = layerOf([point(0, [[[5, 14], 10]])], all, axis, 4);
  const part = layerOf([point(0, [[[5, 14], 9.9999]])], all, axis, 4);
  expect([...remainder(total, [part]).counts]).toEqual([0, 0, 0, 0]);
});
