import fc from 'fast-check';
import { LOG_GRID } from './bucket';
import { fromCounts, isDistribution, toRanges, totalCount, type Distribution } from './distribution';
import { add, toPlain, totalOf, zero, type Shape, type Value } from './value';

fc.configureGlobal({ seed: 20_260_122 });

const SHAPES: readonly Shape[] = ['number', 'keyed', 'distribution', 'keyed-distribution'];

const count = fc.integer({ min: 1, max: 1_000_000 });
const distribution: fc.Arbitrary<Distribution> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: LOG_GRID.size - 1 }), count), { maxLength: 30 })
  .map(fromCounts);
const key = fc.constantFrom('mysqld', 'a,b', '__proto__', 'constructor', '', '"quoted"', 'x\ny');

const values: Record<Shape, fc.Arbitrary<Value>> = {
  number: fc.nat().map((number) => ({ shape: 'number', number })),
  keyed: fc.array(fc.tuple(key, count)).map((pairs) => ({ shape: 'keyed', numbers: new Map(pairs) })),
  distribution: distribution.map((d) => ({ shape: 'distribution', distribution: d })),
  'keyed-distribution': fc
    .array(fc.tuple(key, distribution))
    .map((pairs) => ({ shape: 'keyed-distribution', distributions: new Map(pairs) })),
};

/** Maps keep insertion order, which does not matter for sums. */
const sorted = (v: Value): unknown => JSON.stringify(toPlain(v, LOG_GRID), sortKeys);
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe.each(SHAPES)('%s', (shape) => {
  const some = values[shape];

  test('adding is commutative', () => {
    fc.assert(fc.property(some, some, (a, b) => sorted(add(a, b)) === sorted(add(b, a))));
  });

  test('adding is associative', () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => sorted(add(add(a, b), c)) === sorted(add(a, add(b, c)))),
    );
  });

  test('adding zero changes nothing', () => {
    fc.assert(fc.property(some, (a) => sorted(add(a, zero(shape))) === sorted(a)));
    fc.assert(fc.property(some, (a) => sorted(add(zero(shape), a)) === sorted(a)));
  });

  test('nothing is lost: totals add up', () => {
    fc.assert(fc.property(some, some, (a, b) => totalOf(add(a, b)) === totalOf(a) + totalOf(b)));
  });

  test('the arguments stay as they were', () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const before = [sorted(a), sorted(b)];
        add(a, b);
        expect([sorted(a), sorted(b)]).toEqual(before);
      }),
    );
  });
});

test('two shapes cannot be added', () => {
  expect(() => add(zero('number'), zero('keyed'))).toThrow('cannot add a keyed to a number');
});

test('a key called __proto__ is a key like any other', () => {
  const value: Value = { shape: 'keyed', numbers: new Map([['__proto__', 3]]) };
  expect(JSON.stringify(toPlain(value, LOG_GRID))).toBe('{"__proto__":3}');
});

test('counts in any order become one ascending distribution without zero counts', () => {
  expect(
    fromCounts([
      [7, 1],
      [3, 2],
      [7, 4],
      [5, 0],
    ]),
  ).toEqual([3, 2, 7, 5]);
});

test('sums of distributions pass the check that messages must pass', () => {
  fc.assert(
    fc.property(distribution, distribution, (a, b) => {
      const sum = add({ shape: 'distribution', distribution: a }, { shape: 'distribution', distribution: b });
      return sum.shape === 'distribution' && isDistribution(sum.distribution, LOG_GRID);
    }),
  );
});

test.each([
  ['an odd length', [1]],
  ['buckets that do not ascend', [5, 1, 5, 1]],
  ['a bucket outside the grid', [LOG_GRID.size, 1]],
  ['a negative bucket', [-1, 1]],
  ['a fractional bucket', [1.5, 1]],
  ['a count of zero', [1, 0]],
  ['a negative count', [1, -1]],
  ['a count that is not a number', [1, '1']],
])('%s is not a distribution', (_name, d) => {
  expect(isDistribution(d, LOG_GRID)).toBe(false);
});

test('ranges are inclusive at both ends, as the API prints them', () => {
  const d = fromCounts([1_200_000, 1_299_999, 3_400_000].map((v) => [LOG_GRID.bucketOf(v), 1] as const));
  expect(toRanges(d, LOG_GRID)).toEqual([
    [[1_200_000, 1_299_999], 2],
    [[3_400_000, 3_499_999], 1],
  ]);
  expect(totalCount(d)).toBe(3);
});
