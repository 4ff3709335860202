/*
 * Heatmaps over HTTP: pictures, what stands behind their pixels, and series of averages and percentiles. In: requests.
 * Out: JSON or PNG. One JSON answer has all that a screen shows of a heatmap, and its size does not grow with the number
 * of keys where `keys` bounds them. Next on the walk: heatmap/image.ts.
 */
import type {
  AverageAnswer,
  DetailsAnswer,
  ImageAnswer,
  LineAnswer,
  PercentileAnswer,
  SpreadAnswer,
} from '../../../common/api/heatmap';
import type { Own } from '../../../common/api/value';
import { CaError, invalid } from '../../../common/service/errors';
import type { Reply, Request } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { fire, flightNumber } from '../../../common/service/probes';
import type { Grid } from '../../../common/model/bucket';
import { promqlText } from '../../../common/prometheus/promql/promql-text';
import { answer, answerJson, describe, type Context, type Point, type Question } from './answer';
import { compared, otherState, type Other } from './versus';
import { outsideOf } from '../heatmap/axis';
import { readDetails } from '../heatmap/details';
import { layOutUnseen, renderImage, type Image, type Layout, type Reading } from '../heatmap/image';
import { listKeys } from '../heatmap/keys';
import { planLayers } from '../heatmap/layers';
import { readHeatmapOptions, type HeatmapOptions } from '../heatmap/options';
import { lineColour } from '../heatmap/pixels/overlay';
import { average, percentile, percentileOf, Series } from '../heatmap/series';
import { sideOf } from '../heatmap/side';
import type { Params } from './params';
import type { Row } from '../dataset/cells';
import { eachSlotInSlices } from '../dataset/slices';
import type { Subject } from './subject';

/** Pictures that one request may ask for. */
const IMAGES_MAX = 60;

const IMAGE: Question<HeatmapOptions> = {
  defaultDuration: 60,
  pointsMax: IMAGES_MAX,
  options: heatmapOptions,
  step: ({ columnSeconds }) => columnSeconds,
  state: otherState,
  picture: true,
};

export async function image(context: Context, request: Request): Promise<Reply> {
  const reply = prefersPng(request) ? await imagePng(context, request) : await imageJson(context, request);
  return { ...reply, headers: { ...reply.headers, Vary: 'Accept' } };
}

function imageJson(context: Context, request: Request): Promise<Reply> {
  return answerJson(context, request, IMAGE, async (point): Promise<Own<ImageAnswer>> => {
    const { options, explain } = point;
    const other = compared(context, point);
    const drawn = await draw(context, point, other);
    const listed = keysOf(point, drawn);
    const present = listed === undefined ? presentOf(drawn) : listed.keys.map(({ key }) => key);
    const { min } = drawn.axis.value;
    return {
      nbuckets: options.nbuckets,
      width: drawn.width,
      height: drawn.height,
      ...promqlOf(point),
      ymin: min,
      ymax: drawn.ymax,
      axis: axisOf(drawn),
      ...(listed ?? { present }),
      legend: legendOf(drawn),
      ...linesOf(drawn.reading, point),
      ...countsOf(drawn.reading, drawn, point),
      transformations: await explain(present),
      image: drawn.png.toString('base64'),
      ...(other === undefined ? {} : comparisonOf(drawn, other, point)),
    };
  });
}

function comparisonOf(
  drawn: Image,
  other: Other,
  point: Point<HeatmapOptions>,
): Pick<ImageAnswer, 'versus' | 'difference'> {
  const { otherReading, other: png, difference } = drawn;
  if (otherReading === undefined || png === undefined || difference === undefined) return {};
  return {
    versus: {
      ...other.describe(),
      ...linesOf(otherReading, point),
      ...countsOf(otherReading, drawn, point),
      image: png.toString('base64'),
    },
    difference: { image: difference.toString('base64') },
  };
}

/** What is drawn, for a dashboard: the chosen keys alone, all but them, or all. */
function promqlOf({ subject: { owned }, options }: Point<HeatmapOptions>): { promql?: string } {
  if (owned === undefined) return {};
  const alone = options.layering === 'isolate';
  const chosen =
    alone || options.layering === 'exclude' ? { keys: options.selected, exclude: !alone } : undefined;
  return { promql: promqlText(owned.instrumentation, chosen) };
}

function keysOf({ options, subject }: Point<HeatmapOptions>, { survey, plan }: Image) {
  const { keys: limit, search, selected } = options;
  if (limit === undefined) return undefined;
  return listKeys(survey, plan, { limit, search, selected, isLevel: subject.dataset.scope === 'point' });
}

function presentOf({ survey }: Image): string[] {
  return [...survey.keys.keys()].filter((key) => key !== '').sort();
}

function axisOf({ axis: { value } }: Layout): ImageAnswer['axis'] {
  const { scale, min, max, rows, edges } = value;
  return { scale, min, max, rows, ...(edges === undefined ? {} : { edges }) };
}

/** Lines over the picture; as numbers where there is no room for them in it. */
function linesOf(
  { percentiles, spread }: Reading,
  { options, subject }: Point<HeatmapOptions>,
): { percentiles?: readonly LineAnswer[] } {
  if (options.percentiles.length === 0) return {};
  const colour = `#${lineColour(options.theme).toString(16).padStart(6, '0')}`;
  const { grid } = subject.dataset;
  return {
    percentiles: options.percentiles.map((percent, i) => ({
      percentile: percent,
      colour,
      ...(options.cells
        ? {
            all: known(spread === undefined ? undefined : percentileOf(spread, grid, percent / 100)),
            values: percentiles.map((at) => known(at?.[i])),
          }
        : {}),
    })),
  };
}

/** Counts by row and outside of the axis, for who has nothing but cells. */
function countsOf(
  { rows, spread }: Reading,
  { axis }: Layout,
  { subject }: Point<HeatmapOptions>,
): Partial<SpreadAnswer> {
  if (rows === undefined || spread === undefined) return {};
  const { below, above } = outsideOf(subject.dataset.grid, axis.value, spread);
  const count = spread.reduce((sum, n) => sum + n, 0);
  return {
    count: digits(count),
    below: digits(below),
    above: digits(above),
    rows: Array.from(rows, digits),
  };
}

/** Four digits tell any two rows of a picture apart. Counts below a million stay exact. */
function digits(value: number): number {
  return Number.isInteger(value) && value < 1e6 ? value : Number(value.toPrecision(value >= 1e6 ? 7 : 4));
}

/** null: nothing was counted. */
function known(value: number | undefined): number | null {
  return value === undefined ? null : digits(value);
}

export async function imagePng(context: Context, request: Request): Promise<Reply> {
  return answer(context, request, IMAGE, async ([point], many) => {
    if (many || point === undefined) {
      throw invalid('ndatapoints', 'is not possible for image/png: ask for application/json');
    }
    const { options } = point;
    const other = compared(context, point);
    if (options.show !== 'this' && other === undefined)
      throw invalid('show', 'needs versus_seconds or versus_id: there is nothing to compare with');
    const drawn = await draw(context, point, other);
    const { start_time, duration, nsources, minreporting, lost, sources = [] } = describe(point);
    const headers = {
      'X-CA-Start-Time': String(start_time),
      'X-CA-Duration': String(duration),
      'X-CA-Ymin': String(drawn.axis.value.min),
      'X-CA-Ymax': String(drawn.ymax),
      'X-CA-Nsources': String(nsources),
      'X-CA-Minreporting': String(minreporting),
      'X-CA-Lost': String(lost),
      'X-CA-Sources': sources.join(','),
    };
    const shown = options.show === 'this' ? drawn.png : drawn[options.show];
    return { headers, bytes: shown ?? drawn.png, contentType: 'image/png' };
  });
}

/** Between two probes of ours (docs/probes.md); one that could not be drawn has no bytes. */
async function draw(
  { renderer }: Context,
  { subject, interval, options, gone }: Point<HeatmapOptions>,
  other: Other | undefined,
): Promise<Image> {
  const flight = flightNumber();
  fire('heatmap-start', () => [flight, subject.fqid]);
  let bytes = 0;
  try {
    const stretch = {
      interval,
      granularity: subject.dataset.granularity,
      side: sideOf(subject, interval),
      other: other?.side,
      gone,
      about: subject.owned?.instrumentation,
    };
    const drawn = await renderImage(stretch, options, renderer);
    bytes = drawn.png.length;
    return drawn;
  } finally {
    fire('heatmap-done', () => [flight, subject.fqid, bytes]);
  }
}

/** JSON unless image/png is named and application/json is not. */
function prefersPng(request: Request): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('image/png') && !accept.includes('application/json');
}

export function details(context: Context, request: Request): Promise<Reply> {
  const question = {
    defaultDuration: 60,
    pointsMax: LIMITS.valuePointsMax,
    step: ({ columnSeconds }: HeatmapOptions) => columnSeconds,
    options: (params: Params, subject: Subject) => {
      const options = heatmapOptions(params, subject);
      if (options.ymax === undefined)
        throw invalid('ymax', 'is needed: take it from the image that x and y belong to');
      if (options.ymin === undefined && options.scale !== undefined && options.scale !== 'linear')
        throw invalid('ymin', 'is needed: take it from the image that x and y belong to');
      const { width, height, cells } = options;
      const [right, bottom] = cells ? [LIMITS.imagePixelsMax, options.nbuckets] : [width, height];
      return { ...options, at: { x: pixel(params, 'x', right), y: pixel(params, 'y', bottom) } };
    },
  };
  return answerJson(context, request, question, (point): Promise<Own<DetailsAnswer>> => {
    const { subject, interval, options, gone } = point;
    const { dataset } = subject;
    const stretch = { interval, granularity: dataset.granularity, side: sideOf(subject, interval), gone };
    const layout = layOutUnseen(stretch, options);
    const { width, height } = layout;
    const { x, y } = options.at;
    if (x >= width) throw invalid('x', `must be a pixel of the image, 0 to ${width - 1}`);
    if (y >= height) throw invalid('y', `must be a pixel of the image, 0 to ${height - 1}`);
    const details = readDetails(dataset, layout, options, { x, y });
    return Promise.resolve({ nbuckets: options.nbuckets, width, height, ...details });
  });
}

function pixel(params: Params, name: string, size: number): number {
  const at = params.whole(name, { min: 0, max: size - 1 });
  if (at === undefined) throw invalid(name, `is needed: a pixel of the image, 0 to ${size - 1}`);
  return at;
}

export function averages(context: Context, request: Request): Promise<Reply> {
  const question = { defaultDuration: 1, pointsMax: LIMITS.valuePointsMax, options: heatmapOptions };
  return answerJson(context, request, question, async (point): Promise<Own<AverageAnswer>> => ({
    ...sizeOf(point.options),
    average: plain(await seriesOf(point, average)),
  }));
}

export function percentiles(context: Context, request: Request): Promise<Reply> {
  const question = {
    defaultDuration: 1,
    pointsMax: LIMITS.valuePointsMax,
    options: (params: Params, subject: Subject) => {
      const options = heatmapOptions(params, subject);
      const share = params.decimal('percentile', { min: 0, max: 1 });
      if (share === undefined) throw invalid('percentile', 'is needed: a number from 0 to 1');
      return { ...options, share };
    },
  };
  return answerJson(context, request, question, async (point): Promise<Own<PercentileAnswer>> => ({
    ...sizeOf(point.options),
    percentile: plain(await seriesOf(point, (row, grid) => percentile(row, grid, point.options.share))),
  }));
}

/** One number for each slot, null where nothing was counted. Keys follow isolate and exclude as in the picture. */
async function seriesOf(
  { subject: { dataset }, interval: { start, duration }, options }: Point<HeatmapOptions>,
  read: (row: Row, grid: Grid) => number,
): Promise<(number | null)[]> {
  const { layerOf } = planLayers(options, new Map());
  const series = new Series({
    grid: dataset.grid,
    count: duration / dataset.granularity,
    placeOf: (time) => (time - start) / dataset.granularity,
    keep: (key) => layerOf(key) >= 0,
    read,
  });
  await eachSlotInSlices(dataset, start, start + duration, series.add);
  return series.result().map((number) => number ?? null);
}

/** Of one column a number, as it always was; of several a list. */
function plain(series: readonly (number | null)[]): number | null | readonly (number | null)[] {
  const [first = null] = series;
  return series.length === 1 ? first : series;
}

function heatmapOptions(params: Params, subject: Subject): HeatmapOptions {
  requireNumeric(subject);
  return readHeatmapOptions(params, subject.dataset.granularity);
}

export function requireNumeric({ dataset: { shape } }: Subject): void {
  if (shape === 'number' || shape === 'keyed') {
    throw new CaError('NOT_FOUND', 'there is no heatmap: the decomposition has no numeric field');
  }
}

function sizeOf({ nbuckets, width, height }: HeatmapOptions) {
  return { nbuckets, width, height };
}

/** Keys in the order of their layers with their hues; the rest has no key. */
function legendOf({ plan }: Layout): ImageAnswer['legend'] {
  return plan.layers.map(({ key, hue }) => (key === undefined ? { hue } : { key, hue }));
}
