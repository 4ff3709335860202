import { isIncomplete, isKnown, isSettled, mayBeMended, slotsOf } from './completeness.ts';

const run = (time: number, duration: number, expected: number, reporting: number, lost = 0) => ({
  time,
  duration,
  expected,
  reporting,
  late: 0,
  lost,
});
const answer = (...completeness: ReturnType<typeof run>[]) => ({
  start_time: 100,
  duration: 20,
  completeness,
});

test('a column is as complete as its worst slot, and has lost what its slots have lost', () => {
  const runs = answer(run(100, 3, 0, 0), run(103, 4, 3, 3), run(107, 1, 3, 1, 5), run(108, 12, 3, 3, 1));
  expect(slotsOf(runs, 5, 1)).toEqual([
    { start: 100, nsources: 3, minreporting: 3, lost: 0 },
    { start: 105, nsources: 3, minreporting: 1, lost: 7 },
    { start: 110, nsources: 3, minreporting: 3, lost: 5 },
    { start: 115, nsources: 3, minreporting: 3, lost: 5 },
  ]);
});

test('before the question a column is unknown, not complete', () => {
  const [first, second] = slotsOf(answer(run(100, 10, 0, 0), run(110, 10, 2, 2)), 10, 10);
  expect([first, second].map((slot) => isKnown(slot!))).toEqual([false, true]);
  expect([first, second].map((slot) => isIncomplete(slot!))).toEqual([false, false]);
});

test('gaps are asked for again each second at first, then now and then, and at last not at all', () => {
  const gap = answer(run(100, 19, 2, 2), run(119, 1, 2, 1));
  expect(mayBeMended(gap, 121)).toBe(true);
  expect(mayBeMended(gap, 141)).toBe(false);
  expect(mayBeMended(gap, 145)).toBe(true);
  expect(mayBeMended(gap, 245)).toBe(false);
  expect([isSettled(gap, 200), isSettled(gap, 245)]).toEqual([false, true]);
  expect(isSettled(answer(run(100, 20, 2, 2)), 121)).toBe(true);
});
