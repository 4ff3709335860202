import fc from 'fast-check';
import { LOG_GRID } from '../../../common/model/bucket';
import { fromCounts } from '../../../common/model/distribution';
import { add, zero, totalOf, type Shape, type Value } from '../../../common/model/value';
import { OTHER } from '../../../common/model/tally';
import { Asked } from '../ingest/asked';
import { Dataset, type DatasetOptions, FUTURE_SECONDS_MAX } from './dataset';
import { completeness, readValue } from './reading';
import { restore } from './restoring';
import { KEYS_PER_SLOT } from './slot';

const NOW = 1_000_000;
const SEED = 20_110_401;

function make(options: Partial<DatasetOptions> = {}): Dataset {
  return new Dataset({
    shape: 'number',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 600,
    ...options,
  });
}

const number = (n: number): Value => ({ shape: 'number', number: n });
const keyed = (numbers: Record<string, number>): Value => ({
  shape: 'keyed',
  numbers: new Map(Object.entries(numbers)),
});

function put(d: Dataset, node: string, second: number, value: Value, now = second + 1, lost = 0): string {
  return d.update(node, second, d.granularity < 5 ? 1 : 5, value, lost, 1000 * now);
}

test('values of nodes add up within a second, and seconds within a time range', () => {
  const d = make();
  put(d, 'a', NOW, number(5));
  put(d, 'b', NOW, number(2));
  put(d, 'a', NOW + 1, number(10));
  expect(readValue(d, NOW, 1)).toEqual(number(7));
  expect(readValue(d, NOW, 2)).toEqual(number(17));
  expect(readValue(d, NOW + 50, 10)).toEqual(number(0));
});

test('a second reported twice by one node counts once', () => {
  const d = make();
  expect(put(d, 'a', NOW, number(5))).toBe('added');
  expect(put(d, 'a', NOW, number(6))).toBe('duplicate');
  expect(readValue(d, NOW, 1)).toEqual(number(5));
  expect(d.counts).toMatchObject({ added: 1, duplicate: 1 });
});

test('late data is added to its second, even one sealed long ago, and is counted as late', () => {
  const d = make({ shape: 'keyed' });
  put(d, 'a', NOW, keyed({ x: 1, y: 0 }));
  d.tick(1000 * (NOW + 60));
  expect(d.slotAt(NOW)?.open).toBe(false);
  expect(put(d, 'b', NOW, keyed({ x: 2, z: 3 }), NOW + 60)).toBe('added');
  d.tick(1000 * (NOW + 61));
  expect(readValue(d, NOW, 1)).toEqual(keyed({ x: 3, y: 0, z: 3 }));
  expect(d.counts.late).toBe(1);
  expect(completeness(d, NOW, 1, new Asked(0, 0))[0]).toMatchObject({ late: 1, reporting: 2 });
});

test.each([
  [1, NOW + 3],
  [5, NOW + 5],
])('with slots of %d s, data from before a start is dropped and never comes back', (granularity, first) => {
  const d = make({ granularity });
  for (let second = NOW; second < NOW + 15; second++)
    if (second % (granularity < 5 ? 1 : 5) === 0) put(d, 'a', second, number(1));
  const whole = readValue(d, NOW, 15);
  d.startAt(NOW + 3);
  d.startAt(NOW); // does not move the start back
  const left = (NOW + 15 - first) / (granularity < 5 ? 1 : 5);
  expect([whole, readValue(d, NOW, 15)]).toEqual([number(15 / (granularity < 5 ? 1 : 5)), number(left)]);
  expect(readValue(d, NOW, first - NOW)).toEqual(number(0));
  expect(put(d, 'late', NOW, number(7), NOW + 15)).toBe('tooOld');
  expect(put(d, 'late', NOW + 10, number(7), NOW + 15)).toBe('added');
  const slots = [{ time: NOW, lost: 0, late: 0, reports: 1, leastReporting: 1, rows: [] }];
  expect(restore({ slots, periods: [] }, d.restorable(1000 * (NOW + 15)))).toBe(0);
});

test('reports that are too old or too far in the future are dropped and counted', () => {
  const d = make({ retention: 10 });
  expect(put(d, 'a', NOW - 11, number(1), NOW)).toBe('tooOld');
  expect(put(d, 'a', NOW - 10, number(1), NOW)).toBe('added');
  expect(put(d, 'a', NOW + FUTURE_SECONDS_MAX, number(1), NOW)).toBe('added');
  expect(put(d, 'a', NOW + FUTURE_SECONDS_MAX + 1, number(1), NOW)).toBe('future');
  expect(d.counts).toMatchObject({ tooOld: 1, future: 1, added: 2 });
});

test.each([
  ['another shape', keyed({ a: 1 })],
  ['not a number', number(NaN)],
  ['a distribution instead', { shape: 'distribution', distribution: [1, 1] }],
] as [string, Value][])(
  'a value that does not fit (%s) is counted as malformed and changes nothing',
  (_name, value) => {
    const d = make();
    expect(put(d, 'a', NOW, value)).toBe('malformed');
    expect(put(d, 'a', NOW, number(3))).toBe('added');
    expect(readValue(d, NOW, 1)).toEqual(number(3));
  },
);

test.each([[[5, 1, 3, 1]], [[LOG_GRID.size, 1]], [[5, -1]], [[5]], [[1.5, 1]]])(
  'a distribution that is off the grid is malformed: %j',
  (distribution) => {
    expect(put(make({ shape: 'distribution' }), 'a', NOW, { shape: 'distribution', distribution })).toBe(
      'malformed',
    );
  },
);

test('an empty map is a valid report for both keyed shapes', () => {
  const d = make({ shape: 'keyed-distribution' });
  expect(put(d, 'a', NOW, keyed({}))).toBe('added');
  expect(d.reporting(NOW)).toBe(1);
  expect(readValue(d, NOW, 1)).toEqual(zero('keyed-distribution'));
});

test('point scope: a slot is the mean of its reports, nodes add up, and a time range is the mean of its slots', () => {
  const d = make({ scope: 'point', granularity: 10 });
  put(d, 'a', NOW, number(4), NOW + 5);
  put(d, 'a', NOW + 5, number(9), NOW + 10);
  put(d, 'b', NOW + 5, number(1), NOW + 10);
  put(d, 'b', NOW, number(100), NOW + 11);
  put(d, 'a', NOW + 10, number(7), NOW + 15);
  put(d, 'a', NOW + 15, number(7), NOW + 20);
  expect(readValue(d, NOW, 10)).toEqual(number(6.5 + 50.5));
  expect(readValue(d, NOW, 20)).toEqual(number((57 + 7) / 2));
  d.tick(1000 * (NOW + 100));
  expect(put(d, 'b', NOW + 5, number(50), NOW + 100)).toBe('duplicate');
  expect(readValue(d, NOW, 10)).toEqual(number(57));
});

test('point scope: distributions are means of their reports, whatever the granularity', () => {
  const rates = [10, 20, 30, 40, 50, 60];
  const d = make({ scope: 'point', granularity: 30, shape: 'distribution' });
  rates.forEach((bucket, i) => {
    put(d, 'a', NOW - (NOW % 30) + 5 * i, { shape: 'distribution', distribution: [bucket, 3] }, NOW + 60);
  });
  const value = readValue(d, NOW - (NOW % 30), 30);
  expect(value).toEqual({ shape: 'distribution', distribution: rates.flatMap((bucket) => [bucket, 0.5]) });
});

test('point scope: a late report of a sealed slot is included in its mean', () => {
  const d = make({ scope: 'point', granularity: 10 });
  put(d, 'a', NOW, number(4), NOW + 5);
  put(d, 'b', NOW, number(4), NOW + 5);
  d.tick(1000 * (NOW + 60));
  expect(put(d, 'a', NOW + 5, number(50), NOW + 60)).toBe('added');
  expect(readValue(d, NOW, 10)).toEqual(number(29));
});

test('slots of several reports add them all, and are as complete as their least complete period', () => {
  const d = make({ granularity: 10 });
  put(d, 'a', NOW, number(1), NOW + 5);
  put(d, 'b', NOW, number(1), NOW + 5);
  put(d, 'a', NOW + 5, number(1), NOW + 10);
  expect(readValue(d, NOW, 10)).toEqual(number(3));
  expect(d.reporting(NOW)).toBe(1);
  expect(d.reportingLast(NOW)).toBe(1);
});

test('a slot’s completeness is kept after its periods have left the ring', () => {
  const d = make({ granularity: 3600, retention: 3600 * 20 });
  const first = 3600 * 300;
  for (let second = first; second < first + 3600 * 10; second += 5) {
    put(d, 'a', second, number(1), second + 5);
    // b is away for one period of the third hour
    if (second !== first + 3600 * 2 + 40) put(d, 'b', second, number(1), second + 5);
    d.tick(1000 * (second + 5));
  }
  expect([1, 2, 3, 9].map((hour) => d.reporting(first + 3600 * hour))).toEqual([2, 1, 2, 2]);
  expect(readValue(d, first + 7200, 3600)).toEqual(number(1439));
});

test('nodes that reported 5 to 15 s before are expected; 15 s after the last report they are not', () => {
  const d = make();
  for (let s = 0; s < 20; s++) {
    put(d, 'a', NOW + s, number(1));
    if (s < 10) put(d, 'b', NOW + s, number(1));
  }
  expect([NOW + 4, NOW + 9, NOW + 19, NOW + 24, NOW + 25, NOW + 35].map((s) => d.expected(s))).toEqual([
    0, 2, 2, 2, 1, 0,
  ]);
  expect(d.missing(NOW + 15)).toEqual(['b']);
  expect(d.reporting(NOW + 15)).toBe(1);
});

test('completeness is given as runs of equal slots, including empty ranges around them', () => {
  const d = make();
  for (let s = 0; s < 30; s++) put(d, 'a', NOW + s, number(1), NOW + s + 1, s === 12 ? 7 : 0);
  const runs = completeness(d, NOW - 5, 100, new Asked(NOW - 2, 1));
  expect(runs).toEqual([
    { time: NOW - 5, duration: 3, expected: 0, reporting: 0, late: 0, lost: 0 },
    { time: NOW - 2, duration: 2, expected: 1, reporting: 0, late: 0, lost: 0 },
    { time: NOW, duration: 12, expected: 1, reporting: 1, late: 0, lost: 0 },
    { time: NOW + 12, duration: 1, expected: 1, reporting: 1, late: 0, lost: 7 },
    { time: NOW + 13, duration: 17, expected: 1, reporting: 1, late: 0, lost: 0 },
    { time: NOW + 30, duration: 65, expected: 1, reporting: 0, late: 0, lost: 0 },
  ]);
});

test('a node that joins is not missing before it came, in slots with and without data', () => {
  const d = make();
  const asked = new Asked(NOW - 10, 1);
  asked.change(NOW + 5, 2);
  for (let s = 0; s < 8; s++) put(d, 'a', NOW + s, number(1));
  for (let s = 5; s < 8; s++) put(d, 'b', NOW + s, number(1));
  const rest = { late: 0, lost: 0 };
  expect(completeness(d, NOW - 20, 60, asked).map(({ late: _l, lost: _o, ...run }) => run)).toEqual([
    { time: NOW - 20, duration: 10, expected: 0, reporting: 0 },
    { time: NOW - 10, duration: 10, expected: 1, reporting: 0 },
    { time: NOW, duration: 5, expected: 1, reporting: 1 },
    { time: NOW + 5, duration: 3, expected: 2, reporting: 2 },
    { time: NOW + 8, duration: 32, expected: 2, reporting: 0 },
  ]);
  expect(completeness(make(), NOW, 10, asked)).toEqual([
    { time: NOW, duration: 5, expected: 1, reporting: 0, ...rest },
    { time: NOW + 5, duration: 5, expected: 2, reporting: 0, ...rest },
  ]);
});

test('seconds older than the retention time are dropped, with their keys', () => {
  const d = make({ shape: 'keyed', retention: 30 });
  for (let s = 0; s < 100; s++) {
    put(d, 'a', NOW + s, keyed({ [`key${s}`]: 1 }));
    d.tick(1000 * (NOW + s + 1));
  }
  expect(d.slotCount).toBeLessThanOrEqual(31);
  expect(d.keyCount).toBeLessThanOrEqual(31);
  expect(readValue(d, NOW, 69)).toEqual(zero('keyed'));
  d.tick(1000 * (NOW + 1_000_000));
  expect([d.slotCount, d.keyCount]).toEqual([0, 0]);
});

test('the retention time can change: kept seconds keep their reporters', () => {
  const d = make({ retention: 3000 });
  for (let s = 0; s < 100; s++) put(d, 'a', NOW + s, number(1));
  d.retain(60);
  d.tick(1000 * (NOW + 100));
  expect(put(d, 'a', NOW + 90, number(1), NOW + 100)).toBe('duplicate');
  expect(readValue(d, NOW, 100)).toEqual(number(60));
  d.retain(3000);
  expect(put(d, 'a', NOW + 90, number(1), NOW + 100)).toBe('duplicate');
});

test('the smallest keys beyond the limit of a slot are added to (other), exactly', () => {
  const d = make({ shape: 'keyed' });
  let total = 0;
  for (let node = 0; node < 5; node++) {
    const numbers: Record<string, number> = {};
    for (let k = 0; k < KEYS_PER_SLOT; k++) numbers[`${node}-${k}`] = k + 1;
    numbers['big'] = 1000;
    total += totalOf(keyed(numbers));
    put(d, `node${node}`, NOW, keyed(numbers));
  }
  d.tick(1000 * (NOW + 60));
  const value = readValue(d, NOW, 1);
  expect(value.shape === 'keyed' && value.numbers.size).toBe(KEYS_PER_SLOT);
  expect(value.shape === 'keyed' && value.numbers.get('big')).toBe(5000);
  expect(value.shape === 'keyed' && value.numbers.has(OTHER)).toBe(true);
  expect(totalOf(value)).toBe(total);
});

test('an hour of 20 keys with 40 buckets takes at most 30 MB', () => {
  const d = make({ shape: 'keyed-distribution', retention: 3600 });
  for (let s = 0; s < 3600; s++) {
    const distributions = new Map<string, number[]>();
    for (let k = 0; k < 20; k++) {
      const pairs: number[] = [];
      for (let b = 0; b < 40; b++)
        pairs.push(300 + 5 * k + 2 * b, 1 + ((s * 7919 + b * 104_729 + k) % 100_000));
      distributions.set(`process-${k}`, pairs);
    }
    put(d, 'a', NOW + s, { shape: 'keyed-distribution', distributions });
    d.tick(1000 * (NOW + s + 1));
  }
  expect(d.slotCount).toBe(3600);
  expect(d.bytes).toBeLessThan(30 * 2 ** 20);
  expect(d.bytes).toBeGreaterThan(3600 * 20 * 40 * 4);
});

test('above the memory limit the oldest seconds are dropped and counted', () => {
  const bytesMax = 8 * 2 ** 20;
  const d = make({ shape: 'keyed-distribution', retention: 3600, bytesMax });
  const pairs: number[] = [];
  for (let b = 0; b < 1000; b++) pairs.push(b, 2 ** 52 + b);
  const distributions = new Map(Array.from({ length: 25 }, (_, k) => [`process-${k}`, pairs]));
  for (let s = 0; s < 45; s++) {
    put(d, 'a', NOW + s, { shape: 'keyed-distribution', distributions });
    d.tick(1000 * (NOW + s + 1));
  }
  expect(d.bytes).toBeLessThanOrEqual(bytesMax);
  expect(d.counts.givenUp).toBeGreaterThan(0);
  expect(d.slotCount + d.counts.givenUp).toBe(45);
  expect(totalOf(readValue(d, NOW + 44, 1))).toBeGreaterThan(0);
});

test('nodes above the limit are refused and counted; nodes long gone make room', () => {
  const d = make({ retention: 60 });
  for (let n = 0; n < 200; n++) put(d, `node${n}`, NOW + n, number(1));
  d.tick(1000 * (NOW + 200));
  put(d, 'again', NOW + 1000, number(1));
  d.tick(1000 * (NOW + 1001));
  expect(d.bytes).toBeLessThan(20_000);
});

const distribution = fc
  .array(fc.tuple(fc.integer({ min: 0, max: LOG_GRID.size - 1 }), fc.integer({ min: 1, max: 1e6 })), {
    maxLength: 20,
  })
  .map(fromCounts);
const key = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', '(other)');
const VALUES: Record<Shape, fc.Arbitrary<Value>> = {
  number: fc.nat().map(number),
  keyed: fc.array(fc.tuple(key, fc.nat())).map((pairs) => ({ shape: 'keyed', numbers: new Map(pairs) })),
  distribution: distribution.map((d) => ({ shape: 'distribution', distribution: d })),
  'keyed-distribution': fc
    .array(fc.tuple(key, distribution))
    .map((pairs) => ({ shape: 'keyed-distribution', distributions: new Map(pairs) })),
};

/** A distribution has no keys without counts. */
function tidy(value: Value): Value {
  if (value.shape !== 'keyed-distribution') return value;
  return {
    ...value,
    distributions: new Map([...value.distributions].filter(([, d]) => d.length > 0).sort()),
  };
}
const sorted = (value: Value): Value =>
  value.shape === 'keyed' ? { ...value, numbers: new Map([...value.numbers].sort()) } : tidy(value);

test.each(Object.keys(VALUES) as Shape[])(
  'merge then read equals read then merge, in any order, open or sealed: %s',
  (shape) => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            node: fc.integer({ min: 0, max: 5 }),
            second: fc.integer({ min: 0, max: 20 }),
            value: VALUES[shape],
            tick: fc.boolean(),
          }),
          { maxLength: 40 },
        ),
        (reports) => {
          const d = make({ shape });
          const seen = new Set<string>();
          let sum = zero(shape);
          for (const { node, second, value, tick } of reports) {
            put(d, `n${node}`, NOW + second, value, NOW + 100);
            if (tick) d.tick(1000 * (NOW + 100));
            if (!seen.has(`${node} ${second}`)) sum = add(sum, value);
            seen.add(`${node} ${second}`);
          }
          expect(sorted(readValue(d, NOW, 21))).toEqual(sorted(sum));
          let parts = zero(shape);
          for (let s = 0; s < 21; s++) parts = add(parts, readValue(d, NOW + s, 1));
          expect(sorted(parts)).toEqual(sorted(sum));
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  },
);

test('a time range names the sources of its values', () => {
  const dataset = new Dataset({
    shape: 'number',
    grid: LOG_GRID,
    scope: 'interval',
    granularity: 1,
    retention: 60,
  });
  const one = { shape: 'number', number: 1 } as const;
  dataset.update('a', NOW, 1, one, 0, 1000 * NOW, 'bpf');
  dataset.update('b', NOW, 1, one, 0, 1000 * NOW, 'proc');
  dataset.update('a', NOW + 1, 1, one, 0, 1000 * NOW, 'bpf');
  dataset.update('old', NOW + 2, 1, one, 0, 1000 * NOW);
  expect(dataset.sources(NOW, NOW + 1)).toEqual(['proc', 'bpf']);
  expect(dataset.sources(NOW + 1, NOW + 2)).toEqual(['bpf']);
  expect(dataset.sources(NOW + 2, NOW + 9)).toEqual([]);
});
