/*
 * The aggregator's resources: values, heatmaps and what stands behind their pixels. In: HTTP requests.
 * Out: JSON or PNG. It reads as a walk: take a stretch of time, make a value or a picture of it, send it.
 * All paths exist in the operators' scope and in a customer's. Next on the walk: answer.ts, then heatmap/image.ts.
 */
import type {
  AverageAnswer,
  DetailsAnswer,
  ImageAnswer,
  PercentileAnswer,
} from '../../../common/api/heatmap';
import type { Own, RawAnswer } from '../../../common/api/value';
import { CaError, invalid } from '../../../common/service/errors';
import type { Reply, Request, Route } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { fire, flightNumber } from '../../../common/service/probes';
import type { Grid } from '../../../common/model/bucket';
import { toPlain, type Value } from '../../../common/model/value';
import { answer, answerJson, describe, type Context, type Point, type Question } from './answer';
import { readDetails } from '../heatmap/details';
import { layOutInSlices, renderImage, type Image, type Layout } from '../heatmap/image';
import { planLayers } from '../heatmap/layers';
import { readHeatmapOptions, type HeatmapOptions } from '../heatmap/options';
import { LINE_COLOUR } from '../heatmap/overlay';
import { average, percentile, Series } from '../heatmap/series';
import { promqlText } from '../../../common/prometheus/promql/promql-text';
import type { Params } from './params';
import type { Row } from '../dataset/cells';
import { readValueInSlices } from '../dataset/reading';
import { eachSlotInSlices } from '../dataset/slices';
import { special } from './special';
import { subjectOf, type Subject } from './subject';
import { top, topCsv } from './top';

const SCOPES = ['/ca/instrumentations/:id', '/ca/customers/:custid/instrumentations/:id'];

type Handle = (context: Context, request: Request) => Reply | Promise<Reply>;

const RESOURCES: readonly (readonly [path: string, handle: Handle])[] = [
  ['/value', list],
  ['/value/raw', raw],
  ['/value/top', top],
  ['/value/top.csv', topCsv],
  ['/value/special', special],
  ['/value/heatmap', listHeatmap],
  ['/value/heatmap/image', image],
  ['/value/heatmap/image.png', imagePng],
  ['/value/heatmap/details', details],
  ['/value/heatmap/average', averages],
  ['/value/heatmap/percentile', percentiles],
];

export function valueRoutes(context: Context): Route[] {
  return SCOPES.flatMap((scope) =>
    RESOURCES.map(([path, handle]) => ({
      method: 'GET' as const,
      path: scope + path,
      handle: (request: Request) => handle(context, request),
    })),
  );
}

function list({ aggregator }: Context, request: Request): Reply {
  const { dataset } = subjectOf(aggregator, request);
  const numeric = dataset.shape === 'distribution' || dataset.shape === 'keyed-distribution';
  return {
    json: resources(request, [
      ['value_raw', 'raw'],
      ...(numeric ? ([['value_heatmap', 'heatmap']] as const) : []),
    ]),
  };
}

function listHeatmap({ aggregator }: Context, request: Request): Reply {
  requireNumeric(subjectOf(aggregator, request));
  return {
    json: resources(
      request,
      ['image', 'details', 'average', 'percentile'].map((name) => [name, name]),
    ),
  };
}

function resources(request: Request, entries: readonly (readonly [string, string])[]): unknown {
  return entries.map(([name, path]) => ({ name, uri: `${request.path}/${path}` }));
}

function raw(context: Context, request: Request): Promise<Reply> {
  const question = { defaultDuration: 1, pointsMax: LIMITS.valuePointsMax, options: () => undefined };
  return answerJson(context, request, question, async (point): Promise<Own<RawAnswer>> => {
    const {
      subject: { dataset },
      interval,
      explain,
    } = point;
    const value = await readValueInSlices(dataset, interval.start, interval.duration);
    if (countsOf(value) > LIMITS.valueCounts) {
      throw invalid(
        'duration',
        `gives a value of more than ${LIMITS.valueCounts} counts: ask for less at a time`,
      );
    }
    return { value: toPlain(value, dataset.grid), transformations: await explain(keysOf(value)) };
  });
}

function countsOf(value: Value): number {
  if (value.shape !== 'keyed-distribution') return 0;
  let pairs = 0;
  for (const distribution of value.distributions.values()) pairs += distribution.length;
  return pairs / 2;
}

function keysOf(value: Value): string[] {
  if (value.shape === 'keyed') return [...value.numbers.keys()];
  return value.shape === 'keyed-distribution' ? [...value.distributions.keys()] : [];
}

const IMAGE: Question<HeatmapOptions> = {
  defaultDuration: 60,
  pointsMax: LIMITS.valueImagesMax,
  options: heatmapOptions,
  picture: true,
};

async function image(context: Context, request: Request): Promise<Reply> {
  const reply = prefersPng(request) ? await imagePng(context, request) : await imageJson(context, request);
  return { ...reply, headers: { ...reply.headers, Vary: 'Accept' } };
}

function imageJson(context: Context, request: Request): Promise<Reply> {
  return answerJson(context, request, IMAGE, async (point): Promise<Own<ImageAnswer>> => {
    const { options, explain } = point;
    const drawn = await draw(context, point);
    return {
      ...sizeOf(options),
      ...promqlOf(point),
      ymin: options.ymin,
      ymax: drawn.ymax,
      present: drawn.present,
      legend: legendOf(drawn),
      ...(options.percentiles.length === 0 ? {} : { percentiles: linesOf(options) }),
      transformations: await explain(drawn.present),
      image: drawn.png.toString('base64'),
    };
  });
}

/** What is drawn, for a dashboard: the chosen keys alone, all but them, or all. */
function promqlOf({ subject: { owned }, options }: Point<HeatmapOptions>): { promql?: string } {
  if (owned === undefined) return {};
  const alone = options.layering === 'isolate';
  const chosen =
    alone || options.layering === 'exclude' ? { keys: options.selected, exclude: !alone } : undefined;
  return { promql: promqlText(owned.instrumentation, chosen) };
}

async function imagePng(context: Context, request: Request): Promise<Reply> {
  return answer(context, request, IMAGE, async ([point], many) => {
    if (many || point === undefined) {
      throw invalid('ndatapoints', 'is not possible for image/png: ask for application/json');
    }
    const { options } = point;
    const drawn = await draw(context, point);
    const { start_time, duration, nsources, minreporting, lost } = describe(point);
    const headers = {
      'X-CA-Start-Time': String(start_time),
      'X-CA-Duration': String(duration),
      'X-CA-Ymin': String(options.ymin),
      'X-CA-Ymax': String(drawn.ymax),
      'X-CA-Nsources': String(nsources),
      'X-CA-Minreporting': String(minreporting),
      'X-CA-Lost': String(lost),
    };
    return { headers, bytes: drawn.png, contentType: 'image/png' };
  });
}

/** Between two probes of ours (docs/probes.md); one that could not be drawn has no bytes. */
async function draw({ renderer }: Context, point: Point<HeatmapOptions>): Promise<Image> {
  const { subject, interval, options, gone } = point;
  const flight = flightNumber();
  fire('heatmap-start', () => [flight, subject.fqid]);
  let bytes = 0;
  try {
    const drawn = await renderImage(subject.dataset, interval, options, renderer, {
      gone,
      about: subject.owned?.instrumentation,
    });
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

function details(context: Context, request: Request): Promise<Reply> {
  const question = {
    defaultDuration: 60,
    pointsMax: LIMITS.valuePointsMax,
    options: (params: Params, subject: Subject) => {
      const options = heatmapOptions(params, subject);
      if (options.ymax === undefined)
        throw invalid('ymax', 'is needed: take it from the image that x and y belong to');
      return {
        ...options,
        at: { x: pixel(params, 'x', options.width), y: pixel(params, 'y', options.height) },
      };
    },
  };
  return answerJson(context, request, question, async (point): Promise<Own<DetailsAnswer>> => {
    const {
      subject: { dataset },
      interval,
      options,
    } = point;
    const layout = await layOutInSlices(dataset, interval, options);
    return { ...sizeOf(options), ...readDetails(dataset, layout, options, options.at) };
  });
}

function pixel(params: Params, name: string, size: number): number {
  const at = params.whole(name, { min: 0, max: size - 1 });
  if (at === undefined) throw invalid(name, `is needed: a pixel of the image, 0 to ${size - 1}`);
  return at;
}

function averages(context: Context, request: Request): Promise<Reply> {
  const question = { defaultDuration: 1, pointsMax: LIMITS.valuePointsMax, options: heatmapOptions };
  return answerJson(context, request, question, async (point): Promise<Own<AverageAnswer>> => ({
    ...sizeOf(point.options),
    average: plain(await seriesOf(point, average)),
  }));
}

function percentiles(context: Context, request: Request): Promise<Reply> {
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
  return readHeatmapOptions(params);
}

function requireNumeric({ dataset: { shape } }: Subject): void {
  if (shape === 'number' || shape === 'keyed') {
    throw new CaError('NOT_FOUND', 'there is no heatmap: the decomposition has no numeric field');
  }
}

function sizeOf({
  nbuckets,
  width,
  height,
}: HeatmapOptions): Pick<ImageAnswer, 'nbuckets' | 'width' | 'height'> {
  return { nbuckets, width, height };
}

/** Keys in the order of their layers with their hues; the rest has no key. */
function legendOf({ plan }: Layout): ImageAnswer['legend'] {
  return plan.layers.map(({ key, hue }) => (key === undefined ? { hue } : { key, hue }));
}

/** Lines over the picture. */
function linesOf({ percentiles: asked }: HeatmapOptions): unknown {
  const colour = `#${LINE_COLOUR.toString(16).padStart(6, '0')}`;
  return asked.map((percent) => ({ percentile: percent, colour }));
}
