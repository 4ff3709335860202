import type { DetailsAnswer } from '../../../../common/api/heatmap.ts';
import { factsOf, factsOfPoint } from './cell-facts.ts';
import { History } from './values/history.ts';

const DETAILS = {
  total: 38,
  keys: [
    { key: 'b', total: 30, hue: 5 },
    { key: 'a', total: 8, hue: 7 },
  ],
  omitted: { keys: 3, total: 0 },
  column: { total: 41, percentiles: [15.4, null], rows: [] },
} as unknown as DetailsAnswer;

test('a cell knows its count, its share and whose events they are, as the service told them', () => {
  expect(factsOf(DETAILS)).toEqual({
    count: 38,
    total: 41,
    keys: [
      ['b', 30],
      ['a', 8],
    ],
    more: 3,
    p50: 15.4,
    p99: undefined,
  });
});

test('a slot of a graph has its keys, largest first', () => {
  const history = new History(1);
  history.add([{ value: { a: 2, b: 5, c: 2 }, start_time: 5, duration: 1 }]);
  expect(factsOfPoint(history.get(5)!)).toMatchObject({
    count: 9,
    total: 9,
    keys: [
      ['b', 5],
      ['a', 2],
      ['c', 2],
    ],
  });
});
