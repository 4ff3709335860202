import { nextTick } from './ticks.ts';

test('a second is looked for a moment after it is over', () => {
  expect(nextTick(5_000_500, undefined)).toEqual({ second: 5001, inMs: 620 });
  expect(nextTick(5_000_130, 5000)).toEqual({ second: 5001, inMs: 990 });
});

test('a timer that fires a little early looks for no second twice', () => {
  const first = nextTick(5_000_500, undefined);
  expect(nextTick(5_001_119, first.second)).toEqual({ second: 5002, inMs: 1001 });
});

test('a clock that is found to be further skips no second', () => {
  // 900 ms more than was thought, in the middle of second 5001.
  expect(nextTick(5_001_500 + 900, 5001)).toEqual({ second: 5002, inMs: 50 });
});

test('a late timer makes good at once what it missed', () => {
  expect(nextTick(5_002_200, 5001)).toEqual({ second: 5002, inMs: 50 });
  expect(nextTick(5_060_500, 5001)).toEqual({ second: 5060, inMs: 50 });
});

test('a clock that was set back is followed', () => {
  expect(nextTick(1_000_500, 5001)).toEqual({ second: 1001, inMs: 620 });
});

test('seen from timers that come late by anything under a second, seconds come one by one', () => {
  let now = 5_000_000;
  let last: number | undefined;
  const seen: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const tick = nextTick(now, last);
    now += tick.inMs + ((i * 379) % 900);
    last = tick.second;
    seen.push(last);
  }
  expect(seen).toEqual(seen.map((_, i) => (seen[0] ?? 0) + i));
});
