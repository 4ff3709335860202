/* The statistic against published tables, its correction for many keys, and what is not tested. */
import { LOG_GRID } from '../../../common/model/bucket';
import { chiSquareTail, gOf, makeSpecial, type SpecialKind } from './special';
import { Slot } from './slot';

const EVENTS: SpecialKind = { grid: LOG_GRID, numeric: false, keyed: true, scope: 'interval', events: true };

function slotOf(time: number, numbers: Readonly<Record<string, number>>): Slot {
  const slot = new Slot(time, { zeros: true });
  slot.add({ shape: 'keyed', numbers: new Map(Object.entries(numbers)) });
  return slot;
}

function special(
  inside: Readonly<Record<string, number>>,
  outside: Readonly<Record<string, number>>,
  { kind = EVENTS, limit = 20 } = {},
) {
  const table = makeSpecial(kind, { box: { start: 0, end: 1, low: 0, high: 1e15 }, limit });
  table.add(slotOf(0, inside));
  table.add(slotOf(1, outside));
  return table.result();
}

test.each([
  [3.841459, 0.05],
  [6.634897, 0.01],
  [10.827566, 0.001],
  [0, 1],
  [1e4, 0],
])('χ² of %f with one degree of freedom has the tail %f of the printed tables', (x, p) => {
  expect(chiSquareTail(x)).toBeCloseTo(p, 6);
});

test('G equals the textbook example: ants that colonize 13 of 15 acacias of one species and 3 of 13 of another', () => {
  // By Σ f ln f over cells, rows, columns and total (Sokal & Rohlf, box 17.6): G = 12.4173, Williams’ q = 1.0554.
  expect(gOf(2, 13, 10, 3)).toBeCloseTo(11.7651, 4);
});

test('a table with an empty row or column has nothing to compare', () => {
  expect(gOf(0, 0, 5, 5)).toBe(0);
  expect(gOf(5, 0, 5, 0)).toBe(0);
  expect(gOf(0, 0, 0, 0)).toBe(0);
});

test('two events of a rare key do not beat nine hundred of a common one', () => {
  const { keys } = special({ rare: 2, common: 900 }, { common: 100, quiet: 5000 });
  expect(keys.map(({ key }) => key)).toEqual(['common', 'rare', 'quiet']);
  expect(keys[0]).toMatchObject({ inside: 900, outside: 100, significant: true });
  expect(keys[2]).toMatchObject({ share_inside: 0, significant: false });
});

test('of 1000 equal keys none is significant, though ten would be without the correction', () => {
  // Binomial halves of 100, by a generator that is the same each time.
  let seed = 1;
  const half = (): number => {
    let heads = 0;
    for (let i = 0; i < 100; i++) {
      seed = (seed * 48271) % 2147483647;
      if (seed % 2 === 0) heads++;
    }
    return heads;
  };
  const inside: Record<string, number> = {};
  const outside: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const heads = half();
    inside[`k${i}`] = heads;
    outside[`k${i}`] = 100 - heads;
  }
  const { keys, tested } = special(inside, outside, { limit: 1000 });
  expect(tested).toBe(1000);
  expect(keys.filter(({ significant }) => significant === true)).toEqual([]);
  expect(keys.filter(({ g }) => chiSquareTail(Math.abs(g ?? 0)) < 0.05).length).toBeGreaterThan(10);
});

test('p never falls along the ranks of over-represented keys', () => {
  const { keys } = special({ a: 90, b: 50, c: 20, d: 11 }, { a: 10, b: 20, c: 15, d: 10, e: 400 });
  const ps = keys.filter(({ g }) => (g ?? 0) > 0).map(({ p }) => p ?? 0);
  expect(ps.length).toBeGreaterThan(2);
  expect([...ps].sort((a, b) => a - b)).toEqual(ps);
});

test('(other) counts as the rest and has no rank', () => {
  const { keys, inside } = special({ '(other)': 500, a: 5 }, { '(other)': 1, a: 5 });
  expect(inside).toBe(505);
  expect(keys.map(({ key }) => key)).toEqual(['a']);
});

test('a key that does not occur outside has no ratio', () => {
  expect(special({ a: 5, b: 1 }, { b: 9 }).keys[0]).toMatchObject({ key: 'a', ratio: null });
});

test('levels are means, compared by share and not tested', () => {
  const kind: SpecialKind = { ...EVENTS, scope: 'point', events: false };
  const { keys, tested } = special({ big: 1e9, leak: 3e9 }, { big: 1e9, leak: 1e9 }, { kind });
  expect(tested).toBe(0);
  expect(keys[0]).toEqual({
    key: 'leak',
    inside: 3e9,
    outside: 1e9,
    share_inside: 0.75,
    share_outside: 0.5,
    ratio: 1.5,
  });
});

test('counts are whole numbers even where the box cuts buckets', () => {
  const kind: SpecialKind = { ...EVENTS, numeric: true };
  const table = makeSpecial(kind, { box: { start: 0, end: 1, low: 1033, high: 1e15 }, limit: 5 });
  const slot = new Slot(0, { zeros: false });
  slot.add({
    shape: 'keyed-distribution',
    distributions: new Map([['a', [LOG_GRID.bucketOf(1000), 7]]]),
  });
  table.add(slot);
  expect(table.result()).toMatchObject({ inside: 5, outside: 2 });
});

test('at most the requested number of keys, and the number omitted', () => {
  expect(special({ a: 1, b: 2, c: 3 }, { d: 1 }, { limit: 2 })).toMatchObject({ omitted: 2 });
});
