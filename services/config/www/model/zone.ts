/*
 * Which zone times are told in: the browser's, or UTC. In: the choice, seconds since 1970. Out: offsets and names, each for
 * its own moment, so that a window over a daylight-saving change is right on both sides.
 */

export type Zone = 'local' | 'utc';

/** Minutes to be added to local time to get UTC, as Date.getTimezoneOffset tells. */
export type OffsetAt = (second: number) => number;

let chosen: Zone = 'local';

export function chooseZone(zone: Zone): void {
  chosen = zone;
}

export function zoneNow(): Zone {
  return chosen;
}

export const offsetAt: OffsetAt = (second) =>
  chosen === 'utc' ? 0 : new Date(second * 1000).getTimezoneOffset();

/** "UTC", or "CET, UTC+1": names alone are not unique. */
export function zoneText(second: number): string {
  const minutes = -offsetAt(second);
  if (chosen === 'utc') return 'UTC';
  const size = Math.abs(minutes);
  const clock = `${Math.floor(size / 60)}${size % 60 === 0 ? '' : `:${String(size % 60).padStart(2, '0')}`}`;
  const offset = minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${clock}`;
  const name = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
    .formatToParts(second * 1000)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return name === undefined || /^(GMT|UTC)/.test(name) ? offset : `${name}, ${offset}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "30 Nov", with the year where asked for. */
export function dateText(second: number, withYear: boolean, offset: OffsetAt = offsetAt): string {
  const date = new Date((second - 60 * offset(second)) * 1000);
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`;
  return withYear ? `${day} ${date.getUTCFullYear()}` : day;
}

/** The days of a stretch and the zone: "30 Nov 2026 – 1 Dec 2026, UTC"; both zones where the clocks change in it. */
export function stretchText(start: number, end: number): string {
  const last = Math.max(start, end - 1);
  const days = [dateText(start, true), dateText(last, true)];
  const zones = [zoneText(start), zoneText(last)];
  return [[...new Set(days)].join(' – '), [...new Set(zones)].join(' → ')].join(', ');
}
