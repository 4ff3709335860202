import { result, row, unmeasured, type Result, type Target } from './result';
import { combine } from './rounds';

const rate = (value: number, reference: number, targets: readonly Target[]): Result =>
  result({
    id: 'x',
    what: 'rate',
    value,
    unit: '/s',
    reference: { what: 'plain', value: reference },
    targets,
  });
const rounds = (figures: readonly (readonly [number, number])[], ...targets: Target[]): Result => {
  const [one, ...more] = combine(figures.map(([value, reference]) => [rate(value, reference, targets)]));
  if (one === undefined || more.length > 0) throw new Error('not one row');
  return one;
};

test('a figure is that of its median round, with the least and greatest of all', () => {
  const one = rounds(
    [
      [50, 100],
      [90, 100],
      [70, 100],
    ],
    { of: 'ratio', atLeast: 0.6 },
  );
  expect(one).toMatchObject({ value: 70, ratio: 0.7, ok: true });
  expect(one.rounds).toEqual({ count: 3, value: [50, 90], ratio: [0.5, 0.9], medianOk: true });
  expect(row(one)).toBe(
    '| rate | 70 /s (50 to 90 in 3) | plain: 100 | 0.7 (0.5 to 0.9) | ratio ≥ 0.6 | yes |',
  );
});

test('only what all rounds miss is a miss; where some reach it, the row says so', () => {
  const figures = [
    [50, 100],
    [60, 100],
    [80, 100],
  ] as const;
  const some = rounds(figures, { of: 'ratio', atLeast: 0.7 });
  expect(some).toMatchObject({ ok: true });
  expect(row(some)).toContain('| in some rounds |');
  const none = rounds(figures, { of: 'ratio', atLeast: 0.9 });
  expect(none).toMatchObject({ ok: false });
  expect(row(none)).toContain('| NO |');
});

test('each target is judged by itself: one that no round reaches is a miss', () => {
  const targets: Target[] = [
    { of: 'value', atMost: 60 },
    { of: 'ratio', atMost: 0.1 },
  ];
  const one = rounds(
    [
      [50, 100],
      [70, 100],
    ],
    ...targets,
  );
  expect(one.ok).toBe(false);
});

test('a round in which a figure could not be measured does not count; one that never could says why', () => {
  const broken = unmeasured('x', 'rate', 'no broker');
  const [one] = combine([[broken], [rate(50, 100, [])], [rate(70, 100, [])]]);
  expect(one).toMatchObject({ value: 50 });
  expect(one?.rounds?.count).toBe(2);
  expect(combine([[broken], [broken]])).toEqual([broken]);
});
