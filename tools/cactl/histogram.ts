/*
 * A value as text, in the shape DTrace prints its aggregations. In: a plain value of the API. Out: lines.
 *
 *       latency  ------------- Distribution ------------- count
 *         1.0ms |                                         0
 *         2.0ms |@@@@@@@@@@@@@@@@@@@@@@@@                 12
 */
import { byRank } from '../../common/model/tally';
import type { RangeCount } from '../../common/model/distribution';
import { gridOf, type TypeName } from '../../common/model/field';
import { shortText, singularOf } from '../../common/model/unit';
import type { PlainValue } from '../../common/model/value';
import { boundsFor, sizeOfBound, toRows } from './rows';
import { cut, fit, visible } from '../cli/screen/visible';

interface HistogramOptions {
  readonly columns: number;
  /** Most rows of one histogram. */
  readonly rows: number;
  /** Name and type of the numeric field, if there is one. */
  readonly numeric?: { readonly field: string; readonly type: TypeName } | undefined;
  /** Name of the discrete field. */
  readonly discrete?: string | undefined;
  /** What a number counts: "operations", or a type such as size. */
  readonly unit?: string | undefined;
  readonly type?: TypeName | undefined;
}

export function valueLines(value: PlainValue, options: HistogramOptions): string[] {
  if (typeof value === 'number') return [quantity(value, options)];
  if (isRanges(value)) return histogram(value, options);
  const entries = Object.entries(value);
  if (entries.length === 0) return ['(nothing happened)'];
  if (entries.every((entry): entry is [string, number] => typeof entry[1] === 'number'))
    return bars(entries, options);
  // One scale for all keys, so that their rows can be compared; the key with most events comes last, as in DTrace.
  const all = entries as [string, readonly RangeCount[]][];
  const bounds = boundsFor(
    all.flatMap(([, ranges]) => ranges),
    stepOf(options),
    options.rows,
    options.numeric?.type === 'size',
  );
  return [...all]
    .sort((a, b) => total(a[1]) - total(b[1]) || (a[0] < b[0] ? -1 : 1))
    .flatMap(([key, ranges]) => [
      '',
      `  ${cut(key, options.columns - 2)}`,
      ...histogram(ranges, options, bounds),
    ]);
}

export function isRanges(value: PlainValue): value is readonly RangeCount[] {
  return Array.isArray(value);
}

/** Linear grids have a step; the log grid has none. */
export function stepOf(options: Pick<HistogramOptions, 'numeric'>): number | undefined {
  const type = options.numeric?.type;
  return type === 'percent' || type === 'subsecond' ? gridOf(type).floorOf(1) : undefined;
}

export function total(ranges: readonly RangeCount[]): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0);
}

const LABEL = 16;
const TITLE = ' Distribution ';

function histogram(
  ranges: readonly RangeCount[],
  options: HistogramOptions,
  given?: readonly number[],
): string[] {
  if (ranges.length === 0) return ['(nothing happened)'];
  const bounds = given ?? boundsFor(ranges, stepOf(options), options.rows, options.numeric?.type === 'size');
  const rows = toRows(ranges, bounds);
  const sum = total(ranges);
  const label = Math.min(LABEL, Math.max(10, Math.floor(options.columns / 5)));
  const width = Math.max(10, Math.min(40, options.columns - label - 12));
  const dashes = Math.max(0, width - TITLE.length);
  const rule = '-'.repeat(Math.floor(dashes / 2)) + TITLE.slice(0, width) + '-'.repeat(Math.ceil(dashes / 2));
  const type = options.numeric?.type;
  return [
    `${fit(options.numeric?.field ?? 'value', label, 'right')}  ${rule} count`,
    ...rows.map(({ from, count }) => {
      const bar = '@'.repeat(Math.round((count / sum) * width));
      return `${fit(shortText(type === 'size' ? sizeOfBound(from) : from, type), label, 'right')} |${bar.padEnd(width)} ${countText(count)}`.trimEnd();
    }),
  ];
}

function bars(entries: readonly [string, number][], options: HistogramOptions): string[] {
  const sorted = [...entries].sort(byRank);
  const most = Math.max(...sorted.map(([, n]) => Math.abs(n)), 1);
  const numbers = sorted.map(([, n]) => quantity(n, { ...options, unit: undefined }));
  const right = Math.max(5, ...numbers.map((n) => n.length));
  const widest = Math.max(8, ...sorted.map(([key]) => visible(key).length), (options.discrete ?? '').length);
  const label = Math.min(widest, Math.max(8, Math.floor(options.columns / 2) - right));
  const width = Math.max(0, Math.min(40, options.columns - label - right - 4));
  return [
    `${fit(options.discrete ?? 'key', label)}  ${fit('count', right, 'right')}`,
    ...sorted.map(([key, n], i) => {
      const bar = '@'.repeat(Math.round((Math.abs(n) / most) * width));
      return `${fit(key, label)}  ${(numbers[i] ?? '').padStart(right)}  ${bar}`.trimEnd();
    }),
  ];
}

function quantity(n: number, options: Pick<HistogramOptions, 'unit' | 'type'>): string {
  const text = options.type === undefined ? countText(n) : shortText(n, options.type);
  if (options.unit === undefined || options.unit === '') return text;
  return `${text} ${n === 1 ? singularOf(options.unit) : options.unit}`;
}

function countText(n: number): string {
  return Number.isInteger(n) ? String(n) : n.toFixed(2);
}
