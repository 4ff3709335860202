import { clockText, spanText, timeTicks, windowsFor } from './time-axis.ts';

const NOON = Date.UTC(2026, 0, 5, 12, 0, 0) / 1000;

test('ticks stand on round local times', () => {
  expect(timeTicks(NOON - 50, NOON + 10, 6, () => 0).map((t) => t.label)).toEqual([
    '11:59:10',
    '11:59:20',
    '11:59:30',
    '11:59:40',
    '11:59:50',
    '12:00:00',
    '12:00:10',
  ]);
});

test('half an hour off Greenwich, hours are still round', () => {
  const kolkata = -330;
  const ticks = timeTicks(NOON, NOON + 3 * 3600, 3, () => kolkata);
  expect(ticks.map((t) => t.label)).toEqual(['18:00', '19:00', '20:00']);
});

/** Berlin in 2026: summer time ends on 25 October at 01:00 UTC, and began on 29 March at 01:00 UTC. */
const BACK = Date.UTC(2026, 9, 25, 1) / 1000;
const FORTH = Date.UTC(2026, 2, 29, 1) / 1000;
const inAutumn = (second: number): number => (second < BACK ? -120 : -60);
const inSpring = (second: number): number => (second < FORTH ? -60 : -120);

test('when the clocks go back, labels are right on both sides, and the hour is there twice', () => {
  const ticks = timeTicks(BACK - 2 * 3600, BACK + 2 * 3600, 4, inAutumn);
  expect(ticks.map((t) => t.label)).toEqual(['01:00', '02:00', '02:00', '03:00', '04:00']);
  expect(ticks.map((t) => (t.value - BACK) / 3600)).toEqual([-2, -1, 0, 1, 2]);
});

test('when the clocks go forth, no tick stands in the hour that is left out', () => {
  const ticks = timeTicks(FORTH - 2 * 3600, FORTH + 2 * 3600, 4, inSpring);
  expect(ticks.map((t) => t.label)).toEqual(['29 Mar', '01:00', '03:00', '04:00', '05:00']);
});

test('long steps stand on round local hours after a change, too', () => {
  const ticks = timeTicks(BACK - 7200, BACK + 6 * 3600, 4, inAutumn);
  expect(ticks.map((t) => t.label)).toEqual(['02:00', '02:00', '04:00', '06:00', '08:00']);
});

test('midnight is told by its date', () => {
  expect(timeTicks(NOON + 11 * 3600, NOON + 13 * 3600, 2, () => 0).map((t) => t.label)).toEqual([
    '23:00',
    '6 Jan',
    '01:00',
  ]);
});

test('a window of years has as many ticks as there is room for', () => {
  expect(timeTicks(0, 3 * 365 * 86_400, 6, () => 0).length).toBeLessThanOrEqual(7);
});

test('clock and spans read as people say them', () => {
  expect(clockText(NOON, () => 0)).toBe('12:00:00');
  expect(clockText(NOON, () => -60)).toBe('13:00:00');
  expect([60, 90, 3600, 86_400].map(spanText)).toEqual(['1 min', '90 s', '1 h', '1 d']);
});

test('windows go from a quarter of a minute to all that is kept', () => {
  expect(windowsFor(1, 600)).toEqual([15, 30, 60, 120, 300, 600]);
  expect(windowsFor(60, 3600 * 60)).toEqual([1800, 3600, 21_600, 86_400, 216_000]);
});

test('a window never asks for more points than the service gives', () => {
  expect(windowsFor(1, 7200).at(-1)).toBe(3600);
});

test('even the shortest retention has a window', () => {
  expect(windowsFor(1, 10)).toEqual([10]);
});
