/* The fast form of counts obeys the laws of common/model: the same sums, and the same keys folded. */
import fc from 'fast-check';
import { fromCounts, type Distribution } from '../../../common/model/distribution';
import { largestKeys, OTHER } from '../../../common/model/tally';
import { add, zero, type Shape, type Value } from '../../../common/model/value';
import { Cells } from './cells';

const key = fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom('__proto__', OTHER));
const distribution = fc
  .array(fc.tuple(fc.nat(1500), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 6 })
  .map(fromCounts);
const VALUES: Readonly<Record<'keyed' | 'keyed-distribution', fc.Arbitrary<Value>>> = {
  keyed: fc
    .array(fc.tuple(key, fc.nat(4)), { maxLength: 12 })
    .map((entries) => ({ shape: 'keyed', numbers: new Map(entries) })),
  'keyed-distribution': fc
    .array(fc.tuple(key, distribution), { maxLength: 12 })
    .map((entries) => ({ shape: 'keyed-distribution', distributions: new Map(entries) })),
};

function put(cells: Cells, value: Value): void {
  if (value.shape === 'keyed') for (const [name, number] of value.numbers) cells.addNumber(name, number);
  if (value.shape === 'keyed-distribution')
    for (const [name, d] of value.distributions) cells.addDistribution(name, d);
}

function read(cells: Cells, shape: Shape): Value {
  const numbers = new Map<string, number>();
  const distributions = new Map<string, Distribution>();
  cells.each((name, { buckets, counts, from, to }) => {
    const pairs: [number, number][] = [];
    for (let i = from; i < to; i++) pairs.push([buckets[i] ?? 0, counts[i] ?? 0]);
    numbers.set(name, pairs[0]?.[1] ?? 0);
    distributions.set(name, fromCounts(pairs));
  });
  return shape === 'keyed' ? { shape, numbers } : { shape: 'keyed-distribution', distributions };
}

test.each(['keyed', 'keyed-distribution'] as const)('cells add and fold keys as a %s does', (shape) => {
  fc.assert(
    fc.property(
      fc.array(VALUES[shape], { maxLength: 8 }),
      fc.integer({ min: 1, max: 10 }),
      (values, limit) => {
        const cells = new Cells({ zeros: shape === 'keyed' });
        for (const value of values) put(cells, value);
        const sum = values.reduce(add, zero(shape));
        expect(read(cells, shape)).toEqual(sum);
        if (cells.size > limit) cells.foldSmallest(limit - 1);
        expect(read(cells, shape)).toEqual(largestKeys(sum, limit));
        expect(cells.bytes).toBeGreaterThanOrEqual(0);
      },
    ),
    { seed: 20111108, numRuns: 300 },
  );
});
