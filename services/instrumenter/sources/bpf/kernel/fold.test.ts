import fc from 'fast-check';
import { totalOf, type Value } from '../../../../../common/model/value';
import { OTHER, folded } from './fold';

test('few keys stay as they are', () => {
  const value: Value = {
    shape: 'keyed',
    numbers: new Map([
      ['a', 1],
      ['b', 2],
    ]),
  };
  expect(folded(value, 2)).toEqual(value);
});

test('of too many keys the largest stay, and the rest is one key of its own', () => {
  const numbers = new Map([
    ['small', 1],
    ['large', 100],
    ['tiny', 0.5],
    ['middle', 10],
  ]);
  expect(folded({ shape: 'keyed', numbers }, 3)).toEqual({
    shape: 'keyed',
    numbers: new Map([
      ['large', 100],
      ['middle', 10],
      [OTHER, 1.5],
    ]),
  });
});

test('a key that is itself called like the rest loses nothing', () => {
  const numbers = new Map([
    [OTHER, 100],
    ['b', 3],
    ['c', 2],
  ]);
  const cut = folded({ shape: 'keyed', numbers }, 2);
  expect(totalOf(cut)).toBe(105);
});

test('no total ever changes, and the limit holds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ maxLength: 4 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (pairs, limit) => {
        const numbers = new Map(pairs);
        const distributions = new Map(pairs.map(([key, n]) => [key, [n % 7, n, 10, 1]]));
        for (const value of [
          { shape: 'keyed', numbers },
          { shape: 'keyed-distribution', distributions },
        ] as const) {
          const cut = folded(value, limit);
          expect(totalOf(cut)).toBe(totalOf(value));
          const size =
            cut.shape === 'keyed'
              ? cut.numbers.size
              : cut.shape === 'keyed-distribution'
                ? cut.distributions.size
                : 0;
          expect(size).toBeLessThanOrEqual(limit);
        }
      },
    ),
    { seed: 20111108 },
  );
});
