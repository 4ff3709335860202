/*
 * What is special in a box (dataset/special.ts) over HTTP. In: a stretch, and a box in it: box_start, box_end (seconds),
 * box_ymin, box_ymax (raw units), each optional. Out: keys, ranked, with shares and significance.
 */
import { SPECIAL_LIMITS, type SpecialAnswer } from '../../../common/api/special';
import type { Own } from '../../../common/api/value';
import type { Reply, Request } from '../../../common/http/http';
import { invalid } from '../../../common/service/errors';
import { eachSlotInSlices } from '../dataset/slices';
import { ALPHA, makeSpecial, type SpecialKind } from '../dataset/special';
import { answerJson, type Context, type Point, type Question } from './answer';
import type { Params } from './params';
import { unitOf, type Subject } from './subject';

/** Values end below 10^15, times in the year 33658. */
const MOST = { value: 1e15, time: 1e12 };

/** As asked; the stretch is not known yet. */
interface Asked {
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly low: number;
  readonly high: number;
  readonly limit: number;
}

const QUESTION: Question<Asked> = {
  defaultDuration: 60,
  // One box has one stretch around it.
  pointsMax: 1,
  options: readAsked,
};

export function special(context: Context, request: Request): Promise<Reply> {
  return answerJson(context, request, QUESTION, async (point): Promise<Own<SpecialAnswer>> => {
    const { subject, interval, options, gone } = point;
    const kind = kindOf(subject);
    const box = boxOf(point);
    const table = makeSpecial(kind, { box, limit: options.limit });
    await eachSlotInSlices(
      subject.dataset,
      interval.start,
      interval.start + interval.duration,
      table.add,
      gone,
    );
    const { inside, outside, keys, omitted, tested } = table.result();
    const unit = unitOf(subject);
    return {
      ...(unit === '' ? {} : { unit }),
      box: {
        start_time: box.start,
        end_time: box.end,
        ...(kind.numeric ? { ymin: box.low, ymax: box.high } : {}),
      },
      inside,
      outside,
      keys,
      omitted,
      ...(kind.events && kind.keyed
        ? { test: { statistic: 'G', correction: 'Holm', keys: tested, alpha: ALPHA } }
        : {}),
      transformations: await point.explain(keys.map(({ key }) => key)),
    };
  });
}

function readAsked(params: Params, { dataset: { shape } }: Subject): Asked {
  const numeric = shape === 'distribution' || shape === 'keyed-distribution';
  const range = { min: 0, max: MOST.value };
  const low = params.whole('box_ymin', range);
  const high = params.whole('box_ymax', range);
  if (!numeric && (low !== undefined || high !== undefined)) {
    throw invalid(
      low === undefined ? 'box_ymax' : 'box_ymin',
      'has no meaning here: the decomposition has no numeric field, so the box is a stretch of time',
    );
  }
  if (high !== undefined && high <= (low ?? 0)) {
    throw invalid('box_ymax', `must be greater than box_ymin, which is ${low ?? 0}`);
  }
  const time = { min: 0, max: MOST.time };
  const start = params.whole('box_start', time);
  const end = params.whole('box_end', time);
  if (start !== undefined && end !== undefined && end <= start) {
    throw invalid('box_end', `must be later than box_start, which is ${start}`);
  }
  const limit = params.whole('limit', { min: 1, max: SPECIAL_LIMITS.keys }) ?? SPECIAL_LIMITS.keysUnasked;
  return { start, end, low: low ?? 0, high: high ?? MOST.value, limit };
}

/** On the grid of slots, as the stretch is; it lies in the stretch. */
function boxOf({ subject, interval, options }: Point<Asked>): {
  start: number;
  end: number;
  low: number;
  high: number;
} {
  const { granularity } = subject.dataset;
  const stretch = { start: interval.start, end: interval.start + interval.duration };
  const start =
    options.start === undefined ? stretch.start : Math.floor(options.start / granularity) * granularity;
  const end = options.end === undefined ? stretch.end : Math.ceil(options.end / granularity) * granularity;
  if (start < stretch.start || end > stretch.end || start >= end) {
    const field = start < stretch.start || options.end === undefined ? 'box_start' : 'box_end';
    throw invalid(
      field,
      `must be within the stretch that the box is compared with, ${stretch.start} to ${stretch.end}: give start_time and end_time around the box`,
    );
  }
  return { start, end, low: options.low, high: options.high };
}

function kindOf({ dataset: { shape, grid, scope }, owned }: Subject): SpecialKind {
  return {
    grid,
    scope,
    numeric: shape === 'distribution' || shape === 'keyed-distribution',
    keyed: shape === 'keyed' || shape === 'keyed-distribution',
    // Bytes and levels are not independent events: a test would find everything significant.
    events: scope === 'interval' && owned?.instrumentation.type === undefined,
  };
}
