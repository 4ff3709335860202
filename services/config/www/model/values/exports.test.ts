import { csvOf, jsonOf } from './exports.ts';
import { History } from './history.ts';

function points(value: never) {
  const history = new History(1);
  history.add([{ value, start_time: 1_700_000_000, duration: 1, nsources: 2, minreporting: 1, lost: 3 }]);
  return history.window(1_700_000_000, 1_700_000_002);
}

test('one row per second, key and bucket, and how complete it was', () => {
  const value = { 'a,"b"': [[[10, 19], 5]], c: [[[20, 29], 1]] } as never;
  expect(csvOf(points(value), true, true, 'ns').split('\r\n')).toEqual([
    'time,key,low_ns,high_ns,count,expected,reporting,lost',
    '2023-11-14T22:13:20.000Z,"a,""b""",10,19,5,2,1,3',
    '2023-11-14T22:13:20.000Z,c,20,29,1,2,1,3',
    '',
  ]);
});

test('a plain number is one column', () => {
  expect(csvOf(points(7 as never), false, false).split('\r\n')[1]).toBe('2023-11-14T22:13:20.000Z,7,2,1,3');
});

test('a key that a spreadsheet would run is defused', () => {
  expect(csvOf(points({ '=cmd()': 1 } as never), true, false)).toContain(",'=cmd(),1");
});

test('JSON has the shapes of the API', () => {
  const text = jsonOf({ module: 'm' }, points({ a: [[[10, 19], 5]] } as never), true, true);
  expect(JSON.parse(text)).toEqual({
    instrumentation: { module: 'm' },
    values: [
      { start_time: 1_700_000_000, nsources: 2, minreporting: 1, lost: 3, value: { a: [[[10, 19], 5]] } },
    ],
  });
});
