/*
 * A stretch of time on the command line: --at 03:00, --since 10m, -d 5m. In: options, and the current time.
 * Out: seconds since 1970 for the API; and times for display, with their zone.
 */
import type { Option } from '../command';
import { UsageError, type Options } from '../options';
import { secondsOf, wholeSecondsOf } from './session';

export const STRETCH: readonly Option[] = [
  { name: 'duration', short: 'd', value: 'TIME', about: 'how long a stretch, such as 60 or 5m' },
  {
    name: 'since',
    value: 'WHEN',
    about:
      'from then until now: 10m (ago), 03:00, 2026-11-30T03:00, 2026-11-30T03:00Z, or seconds since 1970',
  },
  { name: 'at', value: 'WHEN', about: 'from then on, as long as --duration says' },
  { name: 'start', value: 'WHEN', about: 'its first second' },
  { name: 'end', value: 'WHEN', about: 'the second after its last' },
];

export interface Stretch {
  readonly start_time?: string;
  readonly end_time?: string;
  readonly duration?: string;
}

/** The newest second or two are still in transit. */
const ON_ITS_WAY = 2;

/** Parameters of a value request. `fallback`: seconds, without options. */
export function stretchOf(options: Options, nowMs: number, fallback?: number): Stretch {
  const when = (name: string): number | undefined => {
    const text = options.get(name);
    return text === undefined ? undefined : parseWhen(text, `--${name}`, nowMs);
  };
  const [at, since, start, end] = [when('at'), when('since'), when('start'), when('end')];
  const given = options.get('duration');
  const duration = given === undefined ? undefined : wholeSecondsOf(given, '--duration');
  const starts = [at, since, start].filter((one) => one !== undefined);
  if (starts.length > 1) throw new UsageError('--at, --since and --start all say when it begins: give one');
  if (since !== undefined && end === undefined && duration === undefined) {
    const newest = Math.floor(nowMs / 1000) - ON_ITS_WAY;
    if (since >= newest) throw new UsageError(`--since must be at least ${ON_ITS_WAY + 1} s ago`);
    return { start_time: String(since), end_time: String(newest) };
  }
  const length = duration ?? (end !== undefined && starts.length > 0 ? undefined : fallback);
  const [from] = starts;
  return {
    ...(from === undefined ? {} : { start_time: String(from) }),
    ...(end === undefined ? {} : { end_time: String(end) }),
    ...(length === undefined ? {} : { duration: String(length) }),
  };
}

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
/** As ISO 8601 has it, the seconds and the zone optional: without a zone it is local time. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const DAY_MS = 86_400_000;

/** Seconds since 1970. A clock time means its last occurrence; a span such as 10m is that long ago. */
export function parseWhen(text: string, what: string, nowMs: number): number {
  if (text === 'now') return Math.floor(nowMs / 1000);
  if (/^\d{9,11}$/.test(text)) return Number(text);
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const [hour = 0, minute = 0, second = 0] = clock.slice(1).map((part) => Number(part ?? 0));
    if (hour < 24 && minute < 60 && second < 60) {
      const at = new Date(nowMs).setHours(hour, minute, second, 0);
      // Yesterday's by the calendar: a day may have 23 hours.
      const before = new Date(nowMs - DAY_MS).setHours(hour, minute, second, 0);
      return Math.floor((at <= nowMs ? at : before) / 1000);
    }
  } else if (DATE.test(text)) {
    // A date alone would be midnight in UTC.
    const time = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
    if (Number.isFinite(time)) return Math.floor(time / 1000);
  } else if (/^\d+(?:\.\d+)?\s*(?:s|m|min|h|d)(?: ago)?$/.test(text)) {
    return Math.floor(nowMs / 1000 - secondsOf(text.replace(/ ago$/, ''), what));
  }
  throw new UsageError(
    `${what} must be like 10m (ago), 03:00, 2026-11-30T03:00 or 2026-11-30T03:00Z, or seconds since 1970, not ${text}`,
  );
}

/** "19:12:01 UTC", or "20:12:01 CET (19:12:01 UTC)"; with the date where it is another day than today. */
export function timeText(seconds: number, nowMs: number, zone?: string): string {
  const utc = spoken(seconds, nowMs, 'UTC');
  const local = spoken(seconds, nowMs, zone);
  return local === utc ? utc : `${local} (${utc})`;
}

function spoken(seconds: number, nowMs: number, timeZone: string | undefined): string {
  // Swedes write dates as ISO 8601 does, the English write zones shortest.
  const text = (locale: string, ms: number, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormatPart[] =>
    new Intl.DateTimeFormat(locale, { timeZone, ...options }).formatToParts(ms);
  const joined = (parts: readonly Intl.DateTimeFormatPart[]): string =>
    parts.map(({ value }) => value).join('');
  const day = (ms: number): string => joined(text('sv-SE', ms, { dateStyle: 'short' }));
  const clock = joined(text('sv-SE', 1000 * seconds, { timeStyle: 'medium' }));
  const zone = text('en', 1000 * seconds, { timeZoneName: 'short' }).find(
    ({ type }) => type === 'timeZoneName',
  );
  const date = day(1000 * seconds) === day(nowMs) ? '' : `${day(1000 * seconds)} `;
  return `${date}${clock} ${zone?.value ?? ''}`;
}
