/*
 * One side of a comparison for another aggregator: counts by column, by the keys that are drawn apart, and by bucket. In:
 * a request as for the picture. Out: JSON; and back into a side, where every part of it is checked.
 */
import type { Grid } from '../../../common/model/bucket';
import { invalid } from '../../../common/service/errors';
import type { PointAnswer } from '../../../common/api/value';
import type { Reply, Request } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { Cells } from '../dataset/cells';
import type { CountedSlot } from '../heatmap/bucketize';
import { surveyFor } from '../heatmap/image';
import { planLayers } from '../heatmap/layers';
import { readHeatmapOptions, type HeatmapOptions } from '../heatmap/options';
import { sideOf, type Side } from '../heatmap/side';
import { answerJson, type Context, type Point, type Question } from './answer';
import { numericTypeOf, type Subject } from './subject';

/** Of one other side: 2000 columns of some keys. */
export const COLUMNS_BYTES = 8 * 1024 * 1024;

/** Of each column its first second, and by key buckets and counts in turn. */
type Column = readonly [time: number, keys: readonly (readonly [key: string, pairs: readonly number[]])[]];

export interface ColumnsAnswer extends PointAnswer {
  /** Of the numeric field. */
  readonly type: string;
  readonly columns: readonly Column[];
}

const QUESTION: Question<HeatmapOptions> = {
  defaultDuration: 60,
  pointsMax: 1,
  options: (params, { dataset }: Subject) => readHeatmapOptions(params, dataset.granularity),
  step: ({ columnSeconds }) => columnSeconds,
};

export function columns(context: Context, request: Request): Promise<Reply> {
  return answerJson(context, request, QUESTION, async (point) => ({
    type: numericTypeOf(point.subject) ?? '',
    columns: await columnsOf(point),
  }));
}

async function columnsOf({ subject, interval, options, gone }: Point<HeatmapOptions>): Promise<Column[]> {
  const side = sideOf(subject, interval);
  const survey = surveyFor(side.grid, options);
  if (options.layering === 'all') await side.eachSlot(survey.add, gone);
  const { layers, layerOf } = planLayers(options, survey.keys);
  const step = options.columnSeconds ?? subject.dataset.granularity;
  const made: Column[] = [];
  let cells = new Cells({ zeros: false });
  let [time, slots] = [-1, 0];
  const close = (): void => {
    // A level is not added up over time.
    const parts = side.isLevel ? Math.max(1, slots) : 1;
    const keys: [string, number[]][] = [];
    cells.each((key, { buckets, counts, from, to }) => {
      const pairs: number[] = [];
      for (let i = from; i < to; i++) pairs.push(buckets[i] ?? 0, (counts[i] ?? 0) / parts);
      keys.push([key, pairs]);
    });
    if (keys.length > 0) made.push([time, keys]);
    cells = new Cells({ zeros: false });
    slots = 0;
  };
  await side.eachSlot((slot) => {
    const column = Math.floor(slot.time / step) * step;
    if (column !== time) close();
    time = column;
    slots++;
    slot.each((key, row) => {
      const layer = layers[layerOf(key)];
      if (layer !== undefined) cells.addRow(layer.key ?? '', row);
    });
  }, gone);
  close();
  return made;
}

/** What the front door has brought; it passes clients' bodies on, so it may be anything. */
export function readColumns(
  raw: unknown,
  grid: Grid,
): { readonly type: string; readonly side: Side; readonly described: PointAnswer } {
  const answer = raw as Partial<ColumnsAnswer> | null;
  const wrong = (): Error => invalid('versus_columns', 'is for aggregators alone');
  if (typeof answer !== 'object' || answer === null || !Array.isArray(answer.columns)) throw wrong();
  const { type, columns: all, start_time: start, duration, completeness } = answer;
  if (typeof type !== 'string' || !Array.isArray(completeness) || !isTime(start) || !isTime(duration))
    throw wrong();
  if (all.length > LIMITS.imagePixelsMax || completeness.length > LIMITS.valueSecondsMax) throw wrong();
  if (!completeness.every(isRun)) throw wrong();
  const runs: PointAnswer['completeness'] = completeness;
  const slots = all.map((column) => slotOf(column, grid) ?? raise(wrong()));
  const { type: _type, columns: _columns, ...described } = answer;
  return {
    type,
    described: described as PointAnswer,
    side: {
      grid,
      start,
      // Means already.
      isLevel: false,
      runs: () => runs,
      eachSlot: (visit) => {
        for (const slot of slots) if (slot.time >= start && slot.time < start + duration) visit(slot);
        return Promise.resolve();
      },
    },
  };
}

function raise(error: Error): never {
  throw error;
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 1e12;
}

function isRun(run: unknown): boolean {
  if (typeof run !== 'object' || run === null) return false;
  const { time, duration, expected, reporting, lost } = run as Record<string, unknown>;
  return [time, duration, expected, reporting].every(isTime) && typeof lost === 'number' && lost >= 0;
}

function slotOf(column: unknown, grid: Grid): CountedSlot | undefined {
  if (!Array.isArray(column) || !isTime(column[0]) || !Array.isArray(column[1])) return undefined;
  const [time, keys] = column as unknown as Column;
  if (keys.length > LIMITS.imageHues) return undefined;
  const rows = keys.map((entry: unknown) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return undefined;
    const [key, pairs] = entry as unknown as Column[1][number];
    if (!arePairs(pairs, grid)) return undefined;
    const size = pairs.length / 2;
    const buckets = Uint16Array.from({ length: size }, (_, i) => pairs[2 * i] ?? 0);
    const counts = Float64Array.from({ length: size }, (_, i) => pairs[2 * i + 1] ?? 0);
    return { key, row: { buckets, counts, from: 0, to: size } };
  });
  if (rows.some((row) => row === undefined)) return undefined;
  return {
    time,
    each: (visit) => {
      for (const one of rows) if (one !== undefined) visit(one.key, one.row);
    },
  };
}

/** Ascending buckets of the grid, each with a count; means have fractions. */
function arePairs(pairs: unknown, grid: Grid): pairs is readonly number[] {
  if (!Array.isArray(pairs) || pairs.length % 2 !== 0) return false;
  let previous = -1;
  for (let i = 0; i < pairs.length; i += 2) {
    const [bucket, count] = [pairs[i] as unknown, pairs[i + 1] as unknown];
    if (typeof bucket !== 'number' || !Number.isInteger(bucket) || bucket <= previous || bucket >= grid.size)
      return false;
    if (typeof count !== 'number' || !(count > 0 && count < Infinity)) return false;
    previous = bucket;
  }
  return true;
}
