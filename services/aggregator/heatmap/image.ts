/*
 * The picture of a stretch of time, from counts to PNG: survey, lay out, bucketize, then shade, hue, paint, encode.
 * In: one side, or two that are compared on one scale; options. Out: PNG bytes, and what was drawn. The second half is
 * in finish.ts.
 */
import type { Instrumentation } from '../../../common/model/instrumentation';
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Dataset } from '../dataset/dataset';
import type { Interval } from '../dataset/interval';
import { layOutAxis, type Axis } from './axis';
import { bucketize, type CountedSlot, type Layer } from './bucketize';
import { columnStates } from './column-states';
import { layOutColumns, type Columns } from './columns';
import { finish, type Finished, type Sketch, type SketchSide } from './pixels/finish';
import { fitAxis } from './fit';
import { frameOf } from './marks';
import { planLayers, Survey, type LayerPlan } from './layers';
import type { HeatmapOptions } from './options';
import { pixelOf, type LinePixels } from './pixels/overlay';
import type { Renderer } from './pixels/renderer';
import { percentile, Series } from './series';
import type { Side } from './side';

/** Columns × rows × layers of one picture: 8 bytes each. */
export const CELLS = 2_000_000;

/** Everything about a picture but its counts: what pixels mean. */
export interface Layout {
  readonly columns: Columns;
  readonly axis: Axis;
  readonly plan: LayerPlan;
  readonly width: number;
  readonly height: number;
  /** 0 where nothing was counted and nobody asked for a top. */
  readonly ymax: number;
  /** What the stretch holds. */
  readonly survey: Survey;
}

/** What was counted on one side, in the picture's rows and columns. */
export interface Reading {
  readonly layers: readonly Layer[];
  /** For each column the values of the percentiles asked for. */
  readonly percentiles: readonly (readonly number[] | undefined)[];
  /** Counts by bucket of what is drawn, where percentiles or cells are asked for. */
  readonly spread: Float64Array | undefined;
  /** The same by row of the picture, where cells are asked for: the layers themselves go to the renderer. */
  readonly rows: Float64Array | undefined;
}

export interface Image extends Layout, Finished {
  readonly reading: Reading;
  readonly otherReading: Reading | undefined;
}

interface Stretch {
  readonly interval: Pick<Interval, 'start' | 'duration'>;
  /** Seconds of a slot. */
  readonly granularity: number;
  readonly side: Side;
  readonly other?: Side | undefined;
  readonly gone?: AbortSignal | undefined;
  readonly about?: Instrumentation | undefined;
}

/** In slices, and the second half where the renderer wants it: this is what requests use. */
export async function renderImage(
  stretch: Stretch,
  options: HeatmapOptions,
  renderer: Renderer,
): Promise<Image> {
  const { side, other, gone, about } = stretch;
  const layout = await layOutInSlices(stretch, options);
  const count = async (one: Side): Promise<Reading> => {
    const reading = readCounts(stretch, one, layout, options);
    await one.eachSlot(reading.add, gone);
    return reading.result();
  };
  const reading = await count(side);
  const otherReading = other === undefined ? undefined : await count(other);
  const frame = options.axes && about !== undefined ? frameOf(about, layout, options) : undefined;
  const finished = await renderer.render(
    {
      ...sketch(stretch, options, layout, reading),
      frame,
      other:
        other === undefined || otherReading === undefined
          ? undefined
          : sketchSide(stretch, other, options, layout, otherReading),
    },
    gone,
  );
  return { ...layout, ...finished, reading, otherReading };
}

/** The same of one dataset at once: for tests and measurements. */
export function drawImage(dataset: Dataset, interval: Interval, options: HeatmapOptions): Image {
  const { start, duration } = interval;
  const { grid, granularity } = dataset;
  const side: Side = {
    grid,
    start,
    isLevel: dataset.scope === 'point',
    runs: () => [],
    eachSlot: (visit) => Promise.resolve(dataset.eachSlot(start, start + duration, visit)),
  };
  const stretch = { interval, granularity, side };
  const survey = surveyFor(grid, options);
  dataset.eachSlot(start, start + duration, survey.add);
  const layout = layOut(stretch, options, survey);
  const reading = readCounts(stretch, side, layout, options);
  dataset.eachSlot(start, start + duration, reading.add);
  const result = reading.result();
  return {
    ...layout,
    ...finish(sketch(stretch, options, layout, result)),
    reading: result,
    otherReading: undefined,
  };
}

async function layOutInSlices(stretch: Stretch, options: HeatmapOptions): Promise<Layout> {
  const { side, other, gone } = stretch;
  const survey = surveyFor(side.grid, options);
  await side.eachSlot(survey.add, gone);
  if (other === undefined) return layOut(stretch, options, survey);
  const both = surveyFor(side.grid, options);
  await other.eachSlot(both.add, gone);
  return layOut(stretch, options, survey, both);
}

/** Where the axis is known: nothing has to be read for it. */
export function layOutUnseen(stretch: Stretch, options: HeatmapOptions): Layout {
  return layOut(stretch, options, surveyFor(stretch.side.grid, options));
}

export function surveyFor(grid: Side['grid'], { layering, keys, scale }: HeatmapOptions): Survey {
  return new Survey({
    totals: layering === 'all' || keys !== undefined,
    buckets: scale === undefined ? 0 : grid.size,
  });
}

/** `other`: what the other side holds; one axis has both. */
function layOut(stretch: Stretch, options: HeatmapOptions, survey: Survey, other?: Survey): Layout {
  const { side, granularity, interval } = stretch;
  const { grid } = side;
  const step = options.columnSeconds ?? granularity;
  const columnsAsked = interval.duration / step;
  if (options.cells && columnsAsked > LIMITS.imagePixelsMax)
    throw invalid(
      'column_seconds',
      `makes ${columnsAsked} columns; there may be ${LIMITS.imagePixelsMax} of one pixel each`,
    );
  const width = options.cells ? columnsAsked : options.width;
  const held =
    other === undefined
      ? survey
      : {
          highest: Math.max(survey.highest, other.highest),
          spread: survey.spread.map((count, bucket) => count + (other.spread[bucket] ?? 0)),
        };
  const axis = layOutAxis(grid, fitAxis(grid, options, held), options.weighted);
  const columns = layOutColumns({ ...interval, step, width });
  const layersMax = Math.floor(CELLS / (columns.count * axis.rows));
  return {
    columns,
    axis,
    plan: planLayers(options, survey.keys, Math.min(layersMax, LIMITS.imageHues)),
    width,
    height: options.cells ? axis.rows : options.height,
    ymax: held.highest < 0 && options.ymax === undefined && options.scale === undefined ? 0 : axis.value.max,
    survey,
  };
}

interface Counting {
  readonly add: (slot: CountedSlot) => void;
  /** After the last slot. */
  readonly result: () => Reading;
}

function readCounts(
  stretch: Stretch,
  side: Side,
  { columns: laidOut, axis, plan }: Layout,
  options: HeatmapOptions,
): Counting {
  const { grid } = side;
  // The other side's time is as long, and begins elsewhere.
  const shift = stretch.interval.start - side.start;
  const ofSlot = (time: number): number => laidOut.ofSlot(time + shift);
  const columns = shift === 0 ? laidOut : { ...laidOut, ofSlot };
  const counts = bucketize(columns, axis, { layers: plan.layers.length, layerOf: plan.layerOf });
  const isMean = side.isLevel && laidOut.step > stretch.granularity;
  const slots = new Float64Array(isMean ? laidOut.count : 0);
  const series =
    options.percentiles.length === 0 && !options.cells
      ? undefined
      : new Series({
          grid,
          count: laidOut.count,
          placeOf: ofSlot,
          keep: (key) => plan.layerOf(key) >= 0,
          read: (row) => options.percentiles.map((p) => percentile(row, grid, p / 100)),
        });
  const add = (slot: CountedSlot): void => {
    counts.add(slot);
    series?.add(slot);
    if (isMean) slots[ofSlot(slot.time)] = (slots[ofSlot(slot.time)] ?? 0) + 1;
  };
  const result = (): Reading => {
    // A level is not added up over time: a column shows its mean.
    if (isMean) for (const layer of counts.layers) divide(layer, slots, axis.rows);
    const percentiles = series?.result() ?? [];
    const rows = options.cells ? rowsOf(counts.layers, axis.rows) : undefined;
    return { layers: counts.layers, percentiles, spread: series?.all, rows };
  };
  return { add: series === undefined && !isMean ? counts.add : add, result };
}

function rowsOf(layers: readonly Layer[], rows: number): Float64Array {
  const sums = new Float64Array(rows);
  for (const layer of layers)
    for (let cell = 0; cell < layer.length; cell++)
      sums[cell % rows] = (sums[cell % rows] ?? 0) + (layer[cell] ?? 0);
  return sums;
}

function divide(layer: Layer, slots: Float64Array, rows: number): void {
  slots.forEach((n, column) => {
    if (n < 2) return;
    for (let cell = column * rows; cell < (column + 1) * rows; cell++) layer[cell] = (layer[cell] ?? 0) / n;
  });
}

function sketch(stretch: Stretch, options: HeatmapOptions, layout: Layout, reading: Reading): Sketch {
  const { columns, axis, plan, width, height } = layout;
  const { start, duration } = stretch.interval;
  return {
    ...sketchSide(stretch, stretch.side, options, layout, reading),
    hues: plan.layers.map(({ hue }) => hue),
    coloring: options.coloring,
    theme: options.theme,
    rows: axis.rows,
    height,
    time: { start, duration, step: columns.step, width },
    cells: options.cells,
  };
}

function sketchSide(
  stretch: Stretch,
  side: Side,
  { percentiles, marks, cells, versus }: HeatmapOptions,
  { columns, axis, height }: Layout,
  reading: Reading,
): SketchSide {
  // One pixel a cell has no room for lines: who draws them gets numbers.
  const lines = (cells ? [] : percentiles).map((_, i): LinePixels =>
    Int16Array.from(reading.percentiles, (at) => {
      const value = at?.[i];
      return value === undefined ? -1 : pixelOf(value, axis.value, height);
    }),
  );
  const shift = stretch.interval.start - side.start;
  const states =
    marks || versus !== undefined
      ? columnStates(
          side.runs().map((run) => ({ ...run, time: run.time + shift })),
          columns,
        )
      : undefined;
  return { layers: reading.layers, states, lines };
}
