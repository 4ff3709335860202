import { account, type Second } from './account';

const found = (...seconds: readonly (readonly [number, number, number, boolean?])[]): Map<number, Second> =>
  new Map(
    seconds.map(([second, counted, lost, reported = true]) => [second, { counted, lost, reported }] as const),
  );
const made = new Map([
  [1, 500],
  [2, 500],
  [3, 500],
]);

test('an event at the edge of two seconds may be in either', () => {
  expect(account(made, found([1, 500, 0], [2, 501, 0], [3, 499, 0])).misses).toBe(0);
  expect(account(made, found([1, 500, 0], [2, 502, 0], [3, 498, 0])).misses).toBe(2);
});

test('a second that nobody reported is accounted for when its events are lost elsewhere', () => {
  expect(account(made, found([1, 500, 0], [2, 0, 0, false], [3, 500, 500])).misses).toBe(0);
  expect(account(made, found([1, 500, 0], [2, 0, 0, false], [3, 500, 0])).misses).toBe(1);
});

test('events that are counted twice, or counted and lost, are too many', () => {
  expect(account(made, found([1, 500, 0], [2, 1000, 0], [3, 500, 0])).misses).toBe(2);
  expect(account(made, found([1, 500, 0], [2, 500, 500], [3, 500, 0])).misses).toBe(1);
});
