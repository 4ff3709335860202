import { Options } from '../options';
import { parseWhen, stretchOf, timeText } from './stretch';

/** 2026-11-30 19:12:01 UTC. */
const NOW = 1_796_065_921;
const options = (values: Record<string, string>): Options => new Options(new Map(Object.entries(values)));
const stretch = (values: Record<string, string>, fallback?: number): unknown =>
  stretchOf(options(values), 1000 * NOW, fallback);

test.each([
  ['10m', NOW - 600],
  ['10m ago', NOW - 600],
  ['1.5h', NOW - 5400],
  ['now', NOW],
  [String(NOW - 5), NOW - 5],
  ['2026-11-30T03:00Z', NOW - 58_321],
  ['2026-11-30T04:00+01:00', NOW - 58_321],
])('%s is a time', (text, seconds) => {
  expect(parseWhen(text, '--at', 1000 * NOW)).toBe(seconds);
});

test('a clock time is local, and the latest that is over', () => {
  const now = new Date(2026, 10, 30, 20, 12, 1).getTime();
  const local = (day: number, hour: number, minute: number): number =>
    new Date(2026, 10, day, hour, minute).getTime() / 1000;
  expect(parseWhen('20:12', '--at', now)).toBe(local(30, 20, 12));
  expect(parseWhen('20:13', '--at', now)).toBe(local(29, 20, 13));
  expect(parseWhen('2026-11-30 03:00', '--at', now)).toBe(local(30, 3, 0));
  expect(parseWhen('2026-11-30', '--at', now)).toBe(local(30, 0, 0));
});

test.each(['yesterday', '25:00', '10', '', '2026-13-40', '5kg', '2026-11-30T03:00X'])(
  '%j is no time',
  (text) => {
    expect(() => parseWhen(text, '--at', 1000 * NOW)).toThrow(/^--at must be like 10m \(ago\), 03:00/);
  },
);

test('--since is until now, --at is as long as --duration says', () => {
  expect(stretch({ since: '10m' })).toEqual({ start_time: String(NOW - 600), end_time: String(NOW - 2) });
  expect(stretch({ at: '10m', duration: '1m' })).toEqual({ start_time: String(NOW - 600), duration: '60' });
  expect(stretch({ at: '10m' }, 60)).toEqual({ start_time: String(NOW - 600), duration: '60' });
  expect(stretch({ since: '10m', duration: '60' })).toEqual({
    start_time: String(NOW - 600),
    duration: '60',
  });
  expect(stretch({ start: '10m', end: '5m' }, 60)).toEqual({
    start_time: String(NOW - 600),
    end_time: String(NOW - 300),
  });
  expect(stretch({}, 60)).toEqual({ duration: '60' });
  expect(stretch({})).toEqual({});
  expect(() => stretch({ at: '10m', since: '5m' })).toThrow('give one');
  expect(() => stretch({ since: '1s' })).toThrow('at least 3 s ago');
});

test('times are local and in UTC, with the zone written; with the date where it is not today', () => {
  expect(timeText(NOW, 1000 * NOW, 'UTC')).toBe('19:12:01 UTC');
  expect(timeText(NOW, 1000 * NOW, 'Europe/Berlin')).toBe('20:12:01 GMT+1 (19:12:01 UTC)');
  expect(timeText(NOW, 1000 * NOW, 'Asia/Tokyo')).toBe('2026-12-01 04:12:01 GMT+9 (19:12:01 UTC)'.slice(11));
  expect(timeText(NOW - 86_400, 1000 * NOW, 'UTC')).toBe('2026-11-29 19:12:01 UTC');
});
