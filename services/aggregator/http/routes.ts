/*
 * The aggregator's resources: values, heatmaps and what stands behind their pixels. In: HTTP requests.
 * Out: JSON or PNG. It reads as a walk: take a stretch of time, make a value or a picture of it, send it.
 * All paths exist in the operators' scope and in a customer's. Next on the walk: answer.ts, then heatmap.ts.
 */
import type { Own, RawAnswer } from '../../../common/api/value';
import { invalid } from '../../../common/service/errors';
import type { Reply, Request, Route } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { toPlain, type Value } from '../../../common/model/value';
import { answerJson, type Context } from './answer';
import { columns } from './columns';
import { held, lacking, take } from './copying';
import { averages, details, image, imagePng, percentiles, requireNumeric } from './heatmap';
import { readValueInSlices } from '../dataset/reading';
import { special } from './special';
import { subjectOf } from './subject';
import { top, topCsv } from './top';

/** Counts of one value. */
export const VALUE_COUNTS = 2_000_000;

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

const INNER: readonly (readonly [path: string, handle: Handle])[] = [
  ['/heatmap/columns', columns],
  ['/held', held],
  ['/lacking', lacking],
  ['/take', take],
];

export function valueRoutes(context: Context): Route[] {
  return SCOPES.flatMap((scope) => [
    ...RESOURCES.map(([path, handle]) => ({
      method: 'GET' as const,
      path: scope + path,
      handle: (request: Request) => handle(context, request),
    })),
    // For the front door alone, which offers them to nobody.
    ...INNER.map(([path, handle]) => ({
      method: 'POST' as const,
      path: `${scope}/value${path}`,
      handle: (request: Request) => handle(context, request),
    })),
  ]);
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
    if (countsOf(value) > VALUE_COUNTS) {
      throw invalid('duration', `gives a value of more than ${VALUE_COUNTS} counts: ask for less at a time`);
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
