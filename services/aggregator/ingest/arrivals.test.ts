import { Arrivals } from './arrivals';

test('the number of messages of each second, and the last one, are known', () => {
  const arrivals = new Arrivals();
  arrivals.note('a', 100, 1, 101_010, 101_020);
  arrivals.note('b', 100, 1, 101_500, 104_000);
  arrivals.note('c', 100, 1, 101_010, 101_030);
  expect(arrivals.of(100)).toEqual({ messages: 3, lastMs: 3000, node: 'b', underWayMs: 2500 });
  expect(arrivals.of(99)).toBeUndefined();
});

test('old seconds are dropped, whatever their order', () => {
  const arrivals = new Arrivals();
  for (let second = 0; second < 1000; second++) arrivals.note('a', (second * 7) % 1000, 1, 0, 0);
  expect(Array.from({ length: 1000 }, (_, i) => arrivals.of(i)).filter((a) => a !== undefined)).toHaveLength(
    300,
  );
});
