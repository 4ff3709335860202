/*
 * Answers of Prometheus' HTTP API. In: results of queries, errors. Out: its JSON, written directly as bytes, because a
 * heatmap is mostly bounds and counts. Next: services/aggregator/promql/routes.ts.
 */
import { CaError } from '../../service/errors';
import type { Reply } from '../../http/http';
import type { Notes, Point, Result, Series } from './evaluate';
import type { Labels } from './expression';
import { writeHistogram } from './histogram-json';
import { JsonBytes } from './json-bytes';

/** Times of a query, in milliseconds. */
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

/** Errors in Prometheus' envelope; programmer's errors are thrown again, for the log. */
export function failure(error: unknown): Reply {
  if (!(error instanceof CaError) || error.code === 'INTERNAL') throw error;
  return {
    status: error.status,
    ...(error.retryAfter === undefined ? {} : { headers: { 'Retry-After': String(error.retryAfter) } }),
    json: { status: 'error', errorType: TYPES[error.code] ?? 'execution', error: error.message },
  };
}

export function queryAnswer(result: Result, times: Times, instant: boolean, notes: Notes): Buffer {
  const json = new JsonBytes();
  json.text('{"status":"success","data":');
  if (instant) writeInstant(json, result, times);
  else writeRange(json, result, times);
  const rest = JSON.stringify(listed(notes)).slice(1, -1);
  return json.text(`}${rest === '' ? '' : `,${rest}`}}\n`).bytes();
}

function writeInstant(json: JsonBytes, result: Result, { start }: Times): void {
  if (result.kind === 'scalar') {
    json
      .text(`{"resultType":"scalar","result":[${start / 1000},"`)
      .number(result.value)
      .text('"]');
    return;
  }
  json.text('{"resultType":"vector","result":[');
  let first = true;
  for (const {
    labels,
    points: [point],
  } of result.series) {
    if (point === undefined) continue;
    json.text(`${first ? '' : ','}{"metric":${labelsText(labels)},`);
    json.text(typeof point === 'number' ? '"value":' : '"histogram":');
    writePoint(json, start, point);
    json.text('}');
    first = false;
  }
  json.text(']');
}

function writeRange(json: JsonBytes, result: Result, times: Times): void {
  const series: readonly Series[] =
    result.kind === 'series'
      ? result.series
      : [{ labels: new Map(), points: Array.from({ length: times.count }, () => result.value) }];
  json.text('{"resultType":"matrix","result":[');
  let first = true;
  for (const { labels, points } of series) {
    if (points.every((point) => point === undefined)) continue;
    json.text(`${first ? '' : ','}{"metric":${labelsText(labels)}`);
    writeList(json, ',"values":[', points, times, (point) => typeof point === 'number');
    writeList(json, ',"histograms":[', points, times, (point) => typeof point !== 'number');
    json.text('}');
    first = false;
  }
  json.text(']');
}

/** Writes the points of one kind; nothing where there are none. */
function writeList(
  json: JsonBytes,
  name: string,
  points: readonly (Point | undefined)[],
  { start, step }: Times,
  wanted: (point: Point) => boolean,
): void {
  let before = name;
  points.forEach((point, i) => {
    if (point === undefined || !wanted(point)) return;
    json.text(before);
    writePoint(json, start + i * step, point);
    before = ',';
  });
  if (before === ',') json.text(']');
}

function writePoint(json: JsonBytes, ms: number, point: Point): void {
  json.text(`[${ms / 1000},`);
  if (typeof point === 'number') json.text('"').number(point).text('"]');
  else {
    writeHistogram(json, point);
    json.text(']');
  }
}

function labelsText(labels: Labels): string {
  return JSON.stringify(Object.fromEntries(labels));
}
