/*
 * The picture of a stretch of time, from dataset to PNG: survey, lay out, bucketize, then shade, hue, paint, encode.
 * In: a dataset, an interval, options. Out: PNG bytes, and what was drawn. The second half is in finish.ts.
 */
import { LIMITS } from '../../../common/service/limits';
import type { Instrumentation } from '../../../common/model/instrumentation';
import type { Dataset } from '../dataset/dataset';
import type { Interval } from '../dataset/interval';
import { eachSlotInSlices } from '../dataset/slices';
import type { Slot } from '../dataset/slot';
import { autoscale } from './autoscale';
import { layOutAxis, type Axis } from './axis';
import { bucketize, type Layer } from './bucketize';
import { layOutColumns, type Columns } from './columns';
import { finish, type Sketch } from './finish';
import { frameOf } from './marks';
import { planLayers, Survey, type LayerPlan } from './layers';
import type { HeatmapOptions } from './options';
import { pixelOf, type LinePixels } from './overlay';
import type { Renderer } from './renderer';
import { percentile, Series } from './series';

/** Everything about a picture but its counts: what pixels mean. */
export interface Layout {
  readonly columns: Columns;
  readonly axis: Axis;
  readonly plan: LayerPlan;
  /** Keys that occur in the stretch, sorted. */
  readonly present: readonly string[];
  readonly ymax: number;
}

export interface Image extends Layout {
  readonly png: Buffer;
}

/** In slices, and the second half where the renderer wants it: this is what requests use. */
export async function renderImage(
  dataset: Dataset,
  interval: Interval,
  options: HeatmapOptions,
  renderer: Renderer,
  { gone, about }: { gone?: AbortSignal; about?: Instrumentation | undefined } = {},
): Promise<Image> {
  const { start, duration } = interval;
  const layout = await layOutInSlices(dataset, interval, options, gone);
  const reading = readCounts(dataset, layout, options);
  await eachSlotInSlices(dataset, start, start + duration, reading.add, gone);
  const frame = options.axes && about !== undefined ? frameOf(about, layout, options) : undefined;
  const png = await renderer.render({ ...sketch(dataset, interval, options, layout, reading), frame }, gone);
  return { ...layout, png };
}

/** The same at once: for tests and measurements. */
export function drawImage(dataset: Dataset, interval: Interval, options: HeatmapOptions): Image {
  const { start, duration } = interval;
  const survey = new Survey({ totals: options.layering === 'all' });
  dataset.eachSlot(start, start + duration, survey.add);
  const layout = layOut(dataset, interval, options, survey);
  const reading = readCounts(dataset, layout, options);
  dataset.eachSlot(start, start + duration, reading.add);
  return { ...layout, png: finish(sketch(dataset, interval, options, layout, reading)) };
}

export async function layOutInSlices(
  dataset: Dataset,
  interval: Interval,
  options: HeatmapOptions,
  gone?: AbortSignal,
): Promise<Layout> {
  const { start, duration } = interval;
  const survey = new Survey({ totals: options.layering === 'all' });
  await eachSlotInSlices(dataset, start, start + duration, survey.add, gone);
  return layOut(dataset, interval, options, survey);
}

function layOut(
  dataset: Dataset,
  { start, duration }: Interval,
  options: HeatmapOptions,
  { keys, highest }: Survey,
): Layout {
  const { grid } = dataset;
  const auto = highest < 0 ? 0 : autoscale(grid.ceilOf(highest) + 1);
  // When all data lies below ymin, the picture is empty but has a height.
  const ymax = options.ymax ?? (auto > options.ymin || auto === 0 ? auto : autoscale(options.ymin + 1));
  const axis = layOutAxis(grid, {
    ymin: options.ymin,
    ymax: Math.max(ymax, options.ymin + 1),
    // A row lower than a pixel could not be drawn.
    rows: Math.min(options.nbuckets, options.height),
    weighted: options.weighted,
  });
  const columns = layOutColumns({ start, duration, step: dataset.granularity, width: options.width });
  const layersMax = Math.floor(LIMITS.imageCells / (columns.count * axis.rows));
  return {
    columns,
    axis,
    plan: planLayers(options, keys, Math.min(layersMax, LIMITS.imageHues)),
    present: [...keys.keys()].filter((key) => key !== '').sort(),
    ymax,
  };
}

interface Reading {
  readonly add: (slot: Slot) => void;
  readonly layers: readonly Layer[];
  /** For each column the values of the percentiles asked for. */
  readonly percentiles: () => readonly (readonly number[] | undefined)[];
}

function readCounts({ grid }: Dataset, { columns, axis, plan }: Layout, options: HeatmapOptions): Reading {
  const counts = bucketize(columns, axis, { layers: plan.layers.length, layerOf: plan.layerOf });
  if (options.percentiles.length === 0) return { ...counts, percentiles: () => [] };
  const series = new Series({
    grid,
    count: columns.count,
    placeOf: columns.ofSlot,
    keep: (key) => plan.layerOf(key) >= 0,
    read: (row) => options.percentiles.map((p) => percentile(row, grid, p / 100)),
  });
  const add = (slot: Slot): void => {
    counts.add(slot);
    series.add(slot);
  };
  return { layers: counts.layers, add, percentiles: () => series.result() };
}

function sketch(
  dataset: Dataset,
  { start, duration }: Interval,
  { width, height, coloring, percentiles }: HeatmapOptions,
  { axis, plan }: Layout,
  reading: Reading,
): Sketch {
  const values = reading.percentiles();
  const lines = percentiles.map((_, i): LinePixels =>
    Int16Array.from(values, (at) => {
      const value = at?.[i];
      return value === undefined ? -1 : pixelOf(value, { ymin: axis.ymin, ymax: axis.ymax, height });
    }),
  );
  return {
    layers: reading.layers,
    hues: plan.layers.map(({ hue }) => hue),
    coloring,
    rows: axis.rows,
    height,
    time: { start, duration, step: dataset.granularity, width },
    lines,
  };
}
