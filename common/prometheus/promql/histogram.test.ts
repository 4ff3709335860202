import fc from 'fast-check';
import { LOG_GRID } from '../../model/bucket';
import { addDistributions, fromCounts, totalCount, type Distribution } from '../../model/distribution';
import {
  addHistograms,
  countOf,
  Edges,
  fractionOf,
  quantileOf,
  scaled,
  sumOf,
  type Histogram,
} from './histogram';

const SECONDS = new Edges(LOG_GRID, 1e9);

function histogram(d: Distribution): Histogram {
  const triples: number[] = [];
  for (let i = 0; i < d.length; i += 2) {
    triples.push(SECONDS.lefts[d[i] ?? 0] ?? 0, SECONDS.rights[d[i] ?? 0] ?? 0, d[i + 1] ?? 0);
  }
  return triples;
}

const distribution = fc
  .array(fc.tuple(fc.integer({ min: 0, max: LOG_GRID.size - 1 }), fc.integer({ min: 1, max: 1e6 })), {
    maxLength: 40,
  })
  .map(fromCounts);

test('bounds are positive, finite, ascending, and meet', () => {
  let last = 0;
  for (let bucket = 0; bucket < LOG_GRID.size; bucket++) {
    const [left, right] = [SECONDS.lefts[bucket] ?? 0, SECONDS.rights[bucket] ?? 0];
    expect(left).toBeGreaterThan(0);
    expect(left).toBeGreaterThanOrEqual(last);
    expect(right).toBeGreaterThan(left);
    expect(Number.isFinite(right)).toBe(true);
    if (bucket > 0) expect(Math.round(right * 1e9)).toBe(LOG_GRID.ceilOf(bucket));
    last = right;
  }
});

test('adding histograms equals adding their distributions', () => {
  fc.assert(
    fc.property(distribution, distribution, (a, b) => {
      const sum = addHistograms(histogram(a), histogram(b));
      expect(sum).toEqual(histogram(addDistributions(a, b)));
      expect(countOf(sum ?? [])).toBe(totalCount(a) + totalCount(b));
    }),
  );
});

test('buckets that overlap without being equal cannot be added', () => {
  expect(addHistograms([1, 2, 5], [1.5, 3, 1])).toBeUndefined();
  expect(addHistograms([1, 3, 5], [2, 3, 1])).toBeUndefined();
  expect(addHistograms([1, 3, 5], [1, 2, 1])).toBeUndefined();
  expect(addHistograms([1, 2, 5], [2, 3, 1])).toEqual([1, 2, 5, 2, 3, 1]);
});

test('a quantile lies within its bucket', () => {
  fc.assert(
    fc.property(distribution, fc.double({ min: 0, max: 1, noNaN: true }), (d, share) => {
      fc.pre(d.length > 0);
      const h = histogram(d);
      let before = 0;
      const rank = share * countOf(h);
      let i = 0;
      while (before + (h[i + 2] ?? 0) < rank) before += h[(i += 3) - 1] ?? 0;
      const quantile = quantileOf(h, share);
      expect(quantile).toBeGreaterThanOrEqual(h[i] ?? 0);
      expect(quantile).toBeLessThanOrEqual(h[i + 1] ?? 0);
    }),
  );
});

test('quantiles at the edges are as in Prometheus', () => {
  expect(quantileOf([], 0.5)).toBeNaN();
  expect(quantileOf([1, 2, 5], NaN)).toBeNaN();
  expect(quantileOf([1, 2, 5], -1)).toBe(-Infinity);
  expect(quantileOf([1, 2, 5], 2)).toBe(Infinity);
});

test('fractions of adjacent ranges add up to 1', () => {
  const h = [1, 2, 10, 3, 5, 30];
  expect(fractionOf(h, -Infinity, 2)).toBe(0.25);
  expect(fractionOf(h, 4, Infinity)).toBe(0.375);
  expect(fractionOf(h, 0, 4) + fractionOf(h, 4, 10)).toBe(1);
  expect(fractionOf(h, 4, 4)).toBe(0);
  expect(fractionOf([], 0, 1)).toBeNaN();
});

test('a factor scales counts, not bounds', () => {
  expect(scaled([1, 2, 5], 2)).toEqual([1, 2, 10]);
  expect(sumOf([1, 2, 5, 3, 5, 1])).toBe(11.5);
});
