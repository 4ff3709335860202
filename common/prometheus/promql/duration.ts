/* Durations and times as Prometheus writes them. In: 1m30s, 60, 2026-11-30T19:00:00Z, 1764529200.5. Out: milliseconds. */

const UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const DURATION =
  /^(?:\d{1,9}y)?(?:\d{1,9}w)?(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m(?!s))?(?:\d{1,9}s)?(?:\d{1,9}ms)?$/;
const SECONDS = /^\d{1,12}(\.\d{0,9})?([eE][+-]?\d{1,2})?$/;

/** undefined: not a duration. */
export function durationMs(text: string): number | undefined {
  if (SECONDS.test(text)) return Math.round(Number(text) * 1000);
  if (text === '' || text.length > 80 || !DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, digits, name] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) {
    total += Number(digits) * (UNITS.find(([unit]) => unit === name)?.[1] ?? 0);
  }
  return total;
}

/** Milliseconds since 1970. undefined: not a time. */
export function momentMs(text: string): number | undefined {
  if (SECONDS.test(text)) {
    const ms = Math.round(Number(text) * 1000);
    return ms <= 8.64e15 ? ms : undefined;
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
