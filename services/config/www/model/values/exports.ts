/*
 * What a panel shows, as files: CSV and JSON texts. In: points of a window. Out: text. One row per second and key,
 * and per bucket where there is a distribution; ranges are inclusive, as in the API.
 */
import type { Point } from './history.ts';
import type { Slice } from './slice.ts';

/** RFC 4180 quoting; and a leading apostrophe for texts that spreadsheets would run as a formula. */
function field(text: string | number): string {
  if (typeof text === 'number') return String(text);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** `unit`: of the ranges, in the names of their columns. */
export function csvOf(
  points: readonly (Point | undefined)[],
  keyed: boolean,
  numeric: boolean,
  unit = '',
): string {
  const named = (name: string): string => (unit === '' ? name : `${name}_${unit}`);
  const head = [
    'time',
    ...(keyed ? ['key'] : []),
    ...(numeric ? [named('low'), named('high')] : []),
    'count',
    'expected',
    'reporting',
    'lost',
  ];
  const lines = [head.join(',')];
  for (const point of points) {
    if (point === undefined) continue;
    const time = new Date(point.start * 1000).toISOString();
    const tail = [point.nsources, point.minreporting, point.lost];
    const rows: readonly (readonly [string, Slice])[] = keyed ? [...point.keys] : [['', point.all]];
    for (const [key, slice] of rows) {
      const before = [time, ...(keyed ? [key] : [])];
      if (!numeric) lines.push([...before, slice.count, ...tail].map(field).join(','));
      else {
        for (let i = 0; i < slice.triples.length; i += 3) {
          lines.push([...before, ...slice.triples.subarray(i, i + 3), ...tail].map(field).join(','));
        }
      }
    }
  }
  return `${lines.join('\r\n')}\r\n`;
}

export function jsonOf(
  question: object,
  points: readonly (Point | undefined)[],
  keyed: boolean,
  numeric: boolean,
): string {
  const plain = (slice: Slice): unknown => {
    if (!numeric) return slice.count;
    const ranges: [[number, number], number][] = [];
    const t = slice.triples;
    for (let i = 0; i < t.length; i += 3) ranges.push([[t[i] ?? 0, t[i + 1] ?? 0], t[i + 2] ?? 0]);
    return ranges;
  };
  const values = points
    .filter((point) => point !== undefined)
    .map((point) => ({
      start_time: point.start,
      nsources: point.nsources,
      minreporting: point.minreporting,
      lost: point.lost,
      value: keyed ? Object.fromEntries([...point.keys].map(([k, v]) => [k, plain(v)])) : plain(point.all),
    }));
  return `${JSON.stringify({ instrumentation: question, values }, null, 1)}\n`;
}
