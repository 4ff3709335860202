import { factsOf } from './cell-facts.ts';
import { History } from './history.ts';

test('a cell knows its count, its share and whose events they are', () => {
  const history = new History(1);
  const value = {
    a: [
      [[10, 19], 8],
      [[20, 29], 2],
    ],
    b: [[[10, 19], 30]],
    c: [[[90, 99], 1]],
  } as never;
  history.add([{ value, start_time: 5, duration: 1 }]);
  expect(factsOf(history.get(5)!, { time: 5, low: 10, high: 20 })).toEqual({
    count: 38,
    total: 41,
    keys: [
      ['b', 30],
      ['a', 8],
    ],
    p50: expect.closeTo(15.39, 1) as number,
    p99: expect.closeTo(95.9, 0) as number,
  });
});
