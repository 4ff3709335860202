import type { RawAnswer } from './answers.ts';
import { History } from './history.ts';
import { specialIn } from './special.ts';

type Keyed = Record<string, [[number, number], number][]>;

function points(...values: (Keyed | number | Record<string, number>)[]) {
  const history = new History(1);
  history.add(values.map((value, i): RawAnswer => ({ value, start_time: i, duration: 1 })));
  return history.window(0, values.length);
}

const SLOW: [number, number] = [1000, 1099];
const FAST: [number, number] = [10, 10];
const BOX = { start: 0, end: 2, low: 500, high: 2000 };

test('the key that is slow comes first, however busy the fast ones are', () => {
  const second: Keyed = {
    web: [
      [FAST, 5000],
      [SLOW, 5],
    ],
    backup: [[SLOW, 40]],
  };
  const { rows, inside, total } = specialIn(points(second, second), BOX);
  expect(rows.map(({ key }) => key)).toEqual(['backup', 'web']);
  expect(inside).toBe(90);
  expect(total).toBe(10_090);
  expect(rows[0]?.lift).toBe(Infinity);
  expect(rows[1]?.score).toBeLessThan(0);
});

test('two events of a rare key do not beat nine hundred of a common one', () => {
  const { rows } = specialIn(
    points({
      rare: [[SLOW, 2]],
      common: [
        [SLOW, 900],
        [FAST, 100],
      ],
      other: [[FAST, 5000]],
    }),
    BOX,
  );
  expect(rows[0]?.key).toBe('common');
});

test('nothing is special when the box is like the rest', () => {
  const value: Keyed = {
    a: [
      [SLOW, 10],
      [FAST, 100],
    ],
    b: [
      [SLOW, 10],
      [FAST, 100],
    ],
  };
  for (const row of specialIn(points(value), BOX).rows) {
    expect(row.lift).toBeCloseTo(1);
    expect(row.score).toBeCloseTo(0);
  }
});

test('seconds outside the box count as the rest', () => {
  const { rows } = specialIn(points({ a: [[SLOW, 1]] }, { a: [[SLOW, 2]] }, { a: [[SLOW, 50]] }), BOX);
  expect(rows[0]).toMatchObject({ inside: 3, outside: 50 });
});

test('without a distribution the box is a stretch of time', () => {
  const { rows } = specialIn(points({ a: 9, b: 1 }, { a: 9, b: 1 }, { a: 1, b: 30 }), BOX);
  expect(rows.map(({ key, inside }) => [key, inside])).toEqual([
    ['a', 18],
    ['b', 2],
  ]);
});

test('an empty box finds nothing, and divides by nothing', () => {
  const { inside, rows } = specialIn(points({ a: [[FAST, 5]] }), BOX);
  expect(inside).toBe(0);
  expect(rows[0]).toMatchObject({ inside: 0, lift: 0 });
});
