import { clockText, spanText, timeTicks, windowsFor } from './time-axis.ts';

const NOON = Date.UTC(2026, 0, 5, 12, 0, 0) / 1000;

test('ticks stand on round local times', () => {
  expect(timeTicks(NOON - 50, NOON + 10, 6, 0).map((t) => t.label)).toEqual([
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
  const ticks = timeTicks(NOON, NOON + 3 * 3600, 3, kolkata);
  expect(ticks.map((t) => t.label)).toEqual(['18:00', '19:00', '20:00']);
});

test('clock and spans read as people say them', () => {
  expect(clockText(NOON, 0)).toBe('12:00:00');
  expect(clockText(NOON, -60)).toBe('13:00:00');
  expect([60, 90, 3600, 86_400].map(spanText)).toEqual(['1 min', '90 s', '1 h', '1 d']);
});

test('windows go from a minute to all that is kept', () => {
  expect(windowsFor(1, 600)).toEqual([60, 120, 300, 600]);
  expect(windowsFor(60, 3600 * 60)).toEqual([1800, 3600, 21_600, 86_400, 216_000]);
});

test('a window never asks for more points than the service gives', () => {
  expect(windowsFor(1, 7200).at(-1)).toBe(3600);
});

test('even the shortest retention has a window', () => {
  expect(windowsFor(1, 10)).toEqual([10]);
});
