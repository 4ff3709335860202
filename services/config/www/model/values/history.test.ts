import type { RawAnswer } from '../answers.ts';
import { completenessOf, History, isIncomplete, wasAsked } from './history.ts';

const answer = (start: number, value: RawAnswer['value'], more: Partial<RawAnswer> = {}): RawAnswer => ({
  value,
  start_time: start,
  duration: 1,
  nsources: 2,
  minreporting: 2,
  lost: 0,
  ...more,
});

test('a window has one entry per slot, and says what is unknown', () => {
  const history = new History(1);
  history.add([answer(100, 1), answer(102, 3)]);
  expect(history.window(100, 103).map((p) => p?.all.count)).toEqual([1, undefined, 3]);
});

test('a slot that was asked for twice counts once', () => {
  const history = new History(1);
  history.add([answer(100, 1)]);
  history.add([answer(100, 5)]);
  expect(history.totals(100, 101).all.count).toBe(5);
});

test('totals by key come largest first', () => {
  const history = new History(1);
  history.add([answer(100, { a: 1, b: 5 }), answer(101, { a: 1, c: 3 })]);
  expect(history.totals(100, 102).keys).toEqual([
    ['b', 5],
    ['c', 3],
    ['a', 2],
  ]);
});

test('only what is unknown is asked for again', () => {
  const history = new History(1);
  expect(history.missing(100, 110, 111, 120)).toEqual([{ start: 100, points: 10 }]);
  history.add(Array.from({ length: 9 }, (_, i) => answer(100 + i, i)));
  expect(history.missing(100, 110, 111, 120)).toEqual([{ start: 109, points: 1 }]);
  history.add([answer(109, 1)]);
  expect(history.missing(100, 110, 111, 120)).toEqual([]);
});

test('a long window is asked for in pieces that together are the window', () => {
  const history = new History(6);
  expect(history.missing(600, 600 + 3600, 4200, 250)).toEqual([
    { start: 600, points: 250 },
    { start: 600 + 1500, points: 250 },
    { start: 600 + 3000, points: 100 },
  ]);
  history.add(Array.from({ length: 300 }, (_, i) => answer(600 + 6 * i, 1, { duration: 6 })));
  expect(history.missing(600, 600 + 3600, 4200, 250)).toEqual([
    { start: 600 + 1800, points: 250 },
    { start: 600 + 3300, points: 50 },
  ]);
});

test('a second that a node missed is asked for again while it may still be mended, then no more', () => {
  const history = new History(1);
  const asked = (start: number, end: number, now: number): unknown => history.missing(start, end, now, 120);
  history.add(Array.from({ length: 60 }, (_, i) => answer(100 + i, i)));
  history.add([answer(155, 1, { minreporting: 1 })]);
  expect(asked(100, 160, 161)).toEqual([{ start: 155, points: 1 }]);
  history.add(Array.from({ length: 200 }, (_, i) => answer(160 + i, i)));
  expect(asked(120, 180, 181)).toEqual([]);
  // A node that lost the broker delivers up to a minute late: every fifth second is enough to look for that.
  expect(asked(120, 180, 185)).toEqual([{ start: 155, points: 1 }]);
  expect(asked(120, 300, 300)).toEqual([]);
});

test('a held window is settled when it is known whole and too old to be mended', () => {
  const history = new History(1);
  history.add(Array.from({ length: 60 }, (_, i) => answer(100 + i, i)));
  expect(history.isSettled(100, 160, 161)).toBe(true);
  expect(history.isSettled(100, 161, 162)).toBe(false);
  history.add([answer(130, 1, { minreporting: 1 })]);
  expect(history.isSettled(100, 160, 161)).toBe(false);
  expect(history.isSettled(100, 160, 260)).toBe(true);
});

test('what left the window is forgotten, so memory does not grow', () => {
  const history = new History(1);
  for (let t = 0; t < 5000; t++) {
    history.add([answer(t, t)]);
    history.forgetBefore(t - 60);
  }
  expect(history.size).toBe(61);
});

test('slots of a long window are aligned to their step', () => {
  const history = new History(6);
  history.add([answer(96, 1, { duration: 6 })]);
  expect(history.window(100, 108).map((p) => p?.all.count)).toEqual([1, undefined]);
});

test('completeness is that of the slot that most nodes missed', () => {
  const run = { time: 0, duration: 1, late: 0, lost: 0 };
  const completeness = [
    { ...run, expected: 3, reporting: 3 },
    { ...run, expected: 3, reporting: 1 },
    { ...run, expected: 0, reporting: 0 },
  ];
  expect(completenessOf(answer(0, 1, { nsources: 3, minreporting: 0, completeness, lost: 4 }))).toEqual({
    nsources: 3,
    minreporting: 1,
    lost: 4,
  });
});

test('seconds before the question was asked are neither complete nor incomplete', () => {
  const completeness = [{ time: 0, duration: 1, expected: 0, reporting: 0, late: 0, lost: 0 }];
  const history = new History(1);
  history.add([answer(0, 0, { nsources: 3, minreporting: 0, completeness })]);
  const point = history.get(0)!;
  expect(isIncomplete(point)).toBe(false);
  expect(wasAsked(point)).toBe(false);
});

test('lost events make a second incomplete even when every node reported', () => {
  expect(isIncomplete({ nsources: 2, minreporting: 2, lost: 1 })).toBe(true);
});

test('a level is not summed over time: its keys and its total are means', () => {
  const history = new History(1);
  history.add([
    { start_time: 100, duration: 1, nsources: 1, minreporting: 1, value: { a: 4, b: 10 } },
    { start_time: 101, duration: 1, nsources: 1, minreporting: 1, value: { a: 8 } },
    { start_time: 102, duration: 1, nsources: 0, minreporting: 0, value: {} },
  ]);
  const { all, keys } = history.totals(100, 103, true);
  expect(keys).toEqual([
    ['b', 10],
    ['a', 6],
  ]);
  expect(all.count).toBe(11);
});

test('the mean of a level leaves out seconds in which no node reported: no key is more than all', () => {
  const history = new History(1);
  const asked = { nsources: 1, lost: 0, duration: 1 };
  history.add([
    { ...asked, start_time: 10, minreporting: 0, value: {} },
    { ...asked, start_time: 11, minreporting: 1, value: { a: 30, b: 10 } },
  ] as RawAnswer[]);
  const { all, keys } = history.totals(10, 12, true);
  expect([all.count, keys]).toEqual([
    40,
    [
      ['a', 30],
      ['b', 10],
    ],
  ]);
});
