/*
 * Answers of Prometheus' HTTP API. In: results of queries, errors. Out: its JSON, written piece by piece: most of a
 * heatmap is bounds and counts. Next: services/aggregator/promql/routes.ts.
 */
import { CaError } from '../../service/errors';
import type { Reply } from '../../http/http';
import type { Notes, Point, Result, Series } from './evaluate';
import type { Labels } from './expression';
import { countOf, sumOf, type Histogram } from './histogram';

/** Moments of a query, in milliseconds. */
export interface Times {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export function success(data: unknown, notes?: Notes): Reply {
  return { json: { status: 'success', data, ...listed(notes) } };
}

function listed(notes: Notes | undefined): { warnings?: string[]; infos?: string[] } {
  if (notes === undefined) return {};
  const { warnings, infos } = notes;
  return {
    ...(warnings.size === 0 ? {} : { warnings: [...warnings] }),
    ...(infos.size === 0 ? {} : { infos: [...infos] }),
  };
}

const TYPES: Partial<Record<CaError['code'], string>> = {
  INVALID: 'bad_data',
  NOT_FOUND: 'not_found',
  NO_RESOURCE: 'unavailable',
  TIMED_OUT: 'timeout',
};

/** Errors in Prometheus' envelope; programmer's errors stay errors, for the log. */
export function failure(error: unknown): Reply {
  if (!(error instanceof CaError) || error.code === 'INTERNAL') throw error;
  return {
    status: error.status,
    ...(error.retryAfter === undefined ? {} : { headers: { 'Retry-After': String(error.retryAfter) } }),
    json: { status: 'error', errorType: TYPES[error.code] ?? 'execution', error: error.message },
  };
}

export function queryAnswer(result: Result, times: Times, instant: boolean, notes: Notes): Buffer {
  const { type, pieces } = instant ? instantData(result, times) : rangeData(result, times);
  const rest = JSON.stringify(listed(notes)).slice(1, -1);
  return Buffer.from(
    `{"status":"success","data":{"resultType":"${type}","result":${pieces.join('')}}${rest === '' ? '' : `,${rest}`}}\n`,
  );
}

interface Data {
  readonly type: string;
  readonly pieces: readonly string[];
}

function instantData(result: Result, { start }: Times): Data {
  if (result.kind === 'scalar')
    return { type: 'scalar', pieces: [`[${timeText(start)},${numberText(result.value)}]`] };
  const items = result.series.flatMap(({ labels, points: [point] }) =>
    point === undefined
      ? []
      : [
          `{"metric":${labelsText(labels)},${
            typeof point === 'number'
              ? `"value":[${timeText(start)},${numberText(point)}]`
              : `"histogram":[${timeText(start)},${histogramText(point)}]`
          }}`,
        ],
  );
  return { type: 'vector', pieces: ['[', items.join(','), ']'] };
}

function rangeData(result: Result, times: Times): Data {
  const series: readonly Series[] =
    result.kind === 'series'
      ? result.series
      : [{ labels: new Map(), points: Array.from({ length: times.count }, () => result.value) }];
  const pieces = ['['];
  for (const { labels, points } of series) {
    const numbers = listOf(points, times, (point) =>
      typeof point === 'number' ? numberText(point) : undefined,
    );
    const histograms = listOf(points, times, (point) =>
      typeof point === 'number' ? undefined : histogramText(point),
    );
    if (numbers === '' && histograms === '') continue;
    if (pieces.length > 1) pieces.push(',');
    pieces.push('{"metric":', labelsText(labels));
    if (numbers !== '') pieces.push(',"values":[', numbers, ']');
    if (histograms !== '') pieces.push(',"histograms":[', histograms, ']');
    pieces.push('}');
  }
  pieces.push(']');
  return { type: 'matrix', pieces };
}

function listOf(
  points: readonly (Point | undefined)[],
  { start, step }: Times,
  textOf: (point: Point) => string | undefined,
): string {
  const list: string[] = [];
  for (let i = 0; i < points.length; i++) {
    const point = points[i];
    const text = point === undefined ? undefined : textOf(point);
    if (text !== undefined) list.push(`[${timeText(start + i * step)},${text}]`);
  }
  return list.join(',');
}

/** The bounds of a bucket as they stand in an answer: they are the same for each second, and fractions are dear to print. */
const bounds = new Map<number, { readonly right: number; readonly text: string }>();
const BOUNDS_MAX = 20_000;

function boundsText(left: number, right: number): string {
  const known = bounds.get(left);
  if (known?.right === right) return known.text;
  if (bounds.size >= BOUNDS_MAX) bounds.clear();
  const text = `[0,"${left}","${right}","`;
  bounds.set(left, { right, text });
  return text;
}

/** Joined, not added up piece by piece: of a megabyte of pieces the collector of garbage would have the most work. */
function histogramText(h: Histogram): string {
  const pieces = [`{"count":${numberText(countOf(h))},"sum":${numberText(sumOf(h))},"buckets":[`];
  for (let i = 0; i < h.length; i += 3) {
    pieces.push(boundsText(h[i] ?? 0, h[i + 1] ?? 0), String(h[i + 2] ?? 0), i + 3 < h.length ? '"],' : '"]');
  }
  pieces.push(']}');
  return pieces.join('');
}

function labelsText(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(labels));
}

function timeText(ms: number): string {
  return String(ms / 1000);
}

function numberText(value: number): string {
  return `"${plainNumber(value)}"`;
}

/** As Prometheus writes numbers in all its texts. */
export function plainNumber(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
}
