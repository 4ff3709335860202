/*
 * The table of keys (dataset/top.ts) over HTTP: as JSON, and as CSV with units in the names of its columns. In: a request.
 * Out: a table for each data point.
 */
import { TOP_LIMITS, type Own, type TopAnswer } from '../../../common/api/value';
import { csvLine } from './csv';
import type { Reply, Request } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { answerJson, answerTexts, describe, type Context, type Point, type Question } from './answer';
import type { Params } from './params';
import type { Dataset } from '../dataset/dataset';
import { eachSlotInSlices } from '../dataset/slices';
import { unitOf, type Subject } from './subject';
import { figuresOf, makeTop, type Figures, type Top, type TopOptions } from '../dataset/top';

const DEFAULT_PERCENTILES = [50, 95, 99];

const QUESTION: Question<TopOptions> = {
  defaultDuration: 60,
  pointsMax: LIMITS.valuePointsMax,
  options: (params: Params, { dataset }: Subject) => readTopOptions(params, dataset),
};

export function top(context: Context, request: Request): Promise<Reply> {
  return answerJson(context, request, QUESTION, async (point): Promise<Own<TopAnswer>> => {
    const { total, keys, omitted } = await tableOf(point);
    const unit = unitOf(point.subject);
    return {
      ...(unit === '' ? {} : { unit }),
      sort: point.options.sort,
      total: Object.fromEntries(total),
      keys: keys.map(({ key, figures }) => ({ key, ...Object.fromEntries(figures) })),
      omitted,
      transformations: await point.explain(keys.map(({ key }) => key)),
    };
  });
}

export function topCsv(context: Context, request: Request): Promise<Reply> {
  return answerTexts(context, request, QUESTION, {
    contentType: 'text/csv; charset=utf-8; header=present',
    frame: ({ subject, options }) => {
      const unit = unitOf(subject);
      const figures = figuresOf(subject.dataset, options.percentiles).map((name) =>
        name === 'count' || unit === '' ? name : `${name}_${unit}`,
      );
      const key = isKeyed(subject) ? ['key'] : [];
      const head = [
        'time',
        'seconds',
        ...key,
        ...figures,
        'nodes_expected',
        'nodes_reporting',
        'events_lost',
      ];
      return { open: csvLine(head), between: '', close: '' };
    },
    write: async (point) => {
      const { subject, options, interval } = point;
      const { total, keys } = await tableOf(point);
      const names = figuresOf(subject.dataset, options.percentiles);
      const { completeness, minreporting, lost } = describe(point);
      const expected = Math.max(...completeness.map((run) => run.expected));
      const time = new Date(1000 * interval.start).toISOString().replace('.000Z', 'Z');
      const line = (key: readonly string[], figures: Figures): string =>
        csvLine([
          time,
          interval.duration,
          ...key,
          // Nothing counted is a count of 0, and no percentile at all.
          ...names.map((name) => figures.get(name) ?? (name === 'count' ? 0 : '')),
          expected,
          minreporting,
          lost,
        ]);
      return isKeyed(subject)
        ? keys.map(({ key, figures }) => line([key], figures)).join('')
        : line([], total);
    },
  });
}

function readTopOptions(params: Params, dataset: Dataset): TopOptions {
  const asked = params.numbers('percentiles', TOP_LIMITS.percentiles, { min: 0, max: 100 }, 'decimal');
  const percentiles = [...new Set(asked.length === 0 ? DEFAULT_PERCENTILES : asked)].sort((a, b) => a - b);
  const names = figuresOf(dataset, percentiles);
  const sort = params.choice('sort', names, names[0] ?? 'count');
  const limit = params.whole('limit', { min: 1, max: TOP_LIMITS.keys }) ?? TOP_LIMITS.keysUnasked;
  return { percentiles, sort, limit };
}

async function tableOf({ subject: { dataset }, interval, options, gone }: Point<TopOptions>): Promise<Top> {
  const table = makeTop(dataset, options);
  const { start, duration } = interval;
  await eachSlotInSlices(dataset, start, start + duration, table.add, gone);
  return table.result();
}

function isKeyed({ dataset: { shape } }: Subject): boolean {
  return shape === 'keyed' || shape === 'keyed-distribution';
}
