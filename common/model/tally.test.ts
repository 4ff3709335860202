import fc from 'fast-check';
import { fromCounts, type Distribution } from './distribution';
import { byRank, largestKeys, OTHER, Tally } from './tally';
import { add, totalOf, zero, type Shape, type Value } from './value';

const SHAPES: readonly Shape[] = ['number', 'keyed', 'distribution', 'keyed-distribution'];
const counts = fc.array(
  fc.tuple(fc.constantFrom('', 'a', 'b', '__proto__', OTHER), fc.nat(5), fc.integer({ min: 1, max: 9 })),
  { maxLength: 30 },
);
const keysOf = (value: Value): string[] =>
  value.shape === 'keyed'
    ? [...value.numbers.keys()]
    : value.shape === 'keyed-distribution'
      ? [...value.distributions.keys()]
      : [];

/** As the shape allows: without a discrete field all keys are '', without a numeric one all buckets are 0. */
function fitting(shape: Shape, key: string, bucket: number): [string, number] {
  const keyed = shape === 'keyed' || shape === 'keyed-distribution';
  const numeric = shape === 'distribution' || shape === 'keyed-distribution';
  return [keyed ? key : '', numeric ? bucket : 0];
}

test.each(SHAPES)('a %s is the sum of its counts, whatever their order', (shape) => {
  fc.assert(
    fc.property(counts, (all) => {
      const [one, other] = [new Tally(shape), new Tally(shape)];
      let sum = zero(shape);
      for (const [key, bucket, count] of all) one.add(...fitting(shape, key, bucket), count);
      for (const [key, bucket, count] of [...all].reverse()) {
        other.add(...fitting(shape, key, bucket), count);
        const single = new Tally(shape);
        single.add(...fitting(shape, key, bucket), count);
        sum = add(sum, single.take());
      }
      const value = one.take();
      expect(value).toEqual(sum);
      expect(other.take()).toEqual(value);
      expect(one.take()).toEqual(zero(shape));
    }),
    { seed: 20111108 },
  );
});

test('a number of 0 keeps its key, a count of 0 in a bucket is dropped', () => {
  const numbers = new Tally('keyed');
  numbers.add('sda', 0, 0);
  expect(numbers.take()).toEqual({ shape: 'keyed', numbers: new Map([['sda', 0]]) });
  const distributions = new Tally('distribution');
  distributions.add('', 3, 0);
  expect(distributions.take()).toEqual({ shape: 'distribution', distribution: [] });
});

test('with too many keys the largest stay, ties go by name, and no count is lost', () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.oneof(fc.string({ maxLength: 3 }), fc.constant(OTHER)), fc.integer({ min: 1, max: 4 })),
    { maxLength: 40, selector: ([key]) => key },
  );
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 12 }), fc.func(fc.nat()), (all, limit, order) => {
      const shuffled = [...all].sort((a, b) => order(a) - order(b));
      const shapes = (entries: typeof all): Value[] => [
        { shape: 'keyed', numbers: new Map(entries) },
        {
          shape: 'keyed-distribution',
          distributions: new Map(
            entries.map(([key, n]): [string, Distribution] => [key, fromCounts([[n % 3, n]])]),
          ),
        },
      ];
      for (const [i, value] of shapes(all).entries()) {
        const cut = largestKeys(value, limit);
        expect(totalOf(cut)).toBe(totalOf(value));
        expect(keysOf(cut).length).toBeLessThanOrEqual(limit);
        expect(largestKeys(shapes(shuffled)[i] ?? value, limit)).toEqual(cut);
        if (all.length <= limit) expect(cut).toBe(value);
        else {
          const named = all.filter(([key]) => key !== OTHER).sort(byRank);
          const kept = named.slice(0, limit - 1).map(([key]) => key);
          expect(keysOf(cut).sort()).toEqual([...kept, OTHER].sort());
        }
      }
    }),
    { seed: 20111108 },
  );
});

test('a real key named (other) does not displace a larger key', () => {
  const numbers = new Map([
    [OTHER, 9],
    ['a', 2],
    ['b', 1],
  ]);
  expect(largestKeys({ shape: 'keyed', numbers }, 2)).toEqual({
    shape: 'keyed',
    numbers: new Map([
      ['a', 2],
      [OTHER, 10],
    ]),
  });
});
