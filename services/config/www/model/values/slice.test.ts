import * as fc from 'fast-check';
import type { Ranges } from '../answers.ts';
import { sliceOf, slicesOf, sum } from './slice.ts';

const SEED = 20260105;

/** Buckets of ten, so that any two of them line up, as on the real grid. */
const ranges = fc
  .uniqueArray(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 1000 })), { selector: ([i]) => i })
  .map((list): Ranges => list.sort(([a], [b]) => a - b).map(([i, n]) => [[i * 10, i * 10 + 9], n]));

test('all four shapes of a value become slices', () => {
  expect(slicesOf(5).all.count).toBe(5);
  expect([...slicesOf({ a: 1, b: 2 }).keys].map(([k, s]) => [k, s.count])).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
  expect(slicesOf([[[10, 19], 3]]).all.triples).toEqual(new Float64Array([10, 19, 3]));
  const both = slicesOf({
    a: [[[10, 19], 3]],
    b: [
      [[10, 19], 4],
      [[20, 29], 1],
    ],
  });
  expect(both.all.triples).toEqual(new Float64Array([10, 19, 7, 20, 29, 1]));
});

test('a key called __proto__ is a key like any other', () => {
  const { keys, all } = slicesOf(JSON.parse('{"__proto__": 3, "constructor": 4}') as Record<string, number>);
  expect(keys.get('__proto__')?.count).toBe(3);
  expect(all.count).toBe(7);
});

test('summing loses no event, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(ranges, { maxLength: 6 }), (list) => {
      const slices = list.map(sliceOf);
      const total = list.flat().reduce((n, [, count]) => n + count, 0);
      const forth = sum(slices);
      expect(forth.count).toBe(total);
      expect(sum([...slices].reverse())).toEqual(forth);
    }),
    { seed: SEED },
  );
});
