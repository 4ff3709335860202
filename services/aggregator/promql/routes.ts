/*
 * Queries of the front door about our instrumentations. In: a query checked by the front door, and the instrumentations
 * that it may read. Out: Prometheus' JSON, or our parts of an answer of several aggregators.
 */
import { Limiter } from '../../../common/service/limiter';
import type { Reply, Request, Route } from '../../../common/http/http';
import { failure, queryAnswer, success } from '../../../common/prometheus/promql/answer';
import { Budget, evaluate, Notes, sumSeries, type Series } from '../../../common/prometheus/promql/evaluate';
import type { Labels, Leaf } from '../../../common/prometheus/promql/expression';
import { namingOf, labelsOf } from '../../../common/prometheus/naming';
import { PROMQL_LIMITS } from '../../../common/prometheus/promql/limits';
import { parseQuery, parseSelector } from '../../../common/prometheus/promql/parse';
import { toParts } from '../../../common/prometheus/promql/parts';
import { checkAsk, type Ask } from '../../../common/prometheus/promql/request';
import type { Owned } from '../owned';
import type { Context } from '../http/answer';
import { eachSlotInSlices } from '../dataset/slices';
import { matches, type Matcher } from '../../../common/prometheus/promql/expression';
import { noteMissing } from './complete';
import { matchesNaming, select } from './select';

/** Each may hold many numbers and their text. */
const QUERIES = {
  atATime: 4,
  waiting: 64,
  full: (inside: number, waiting: number) => `${inside} queries are answered and ${waiting} wait already`,
};

export function promqlRoutes(context: Context): Route[] {
  const slots = new Limiter(QUERIES);
  const handle = async (request: Request): Promise<Reply> => {
    try {
      const ask = checkAsk(request.json);
      return await slots.run(() =>
        ask.want === 'series' ? seriesAnswer(context, ask, request) : query(context, ask, request),
      );
    } catch (error) {
      return failure(error);
    }
  };
  return [{ method: 'POST', path: '/ca/prometheus', handle }];
}

function ownedOf({ aggregator }: Context, ids: readonly string[]): Owned[] {
  return ids.flatMap((id) => aggregator.get(id) ?? []);
}

async function query(context: Context, ask: Ask, request: Request): Promise<Reply> {
  const expression = parseQuery(ask.query);
  const notes = new Notes();
  const budget = new Budget({
    series: PROMQL_LIMITS.series,
    numbers: ask.numbers,
    ms: Math.min(ask.timeoutMs, PROMQL_LIMITS.ms),
  });
  const owned = ownedOf(context, ask.instrumentations);
  const nowMs = context.clock.now();
  const leaf = async (one: Leaf): Promise<readonly Series[]> => {
    const all: Series[] = [];
    for (const each of owned) {
      if (!matchesNaming(one.matchers, namingOf(each.instrumentation))) continue;
      const read = await select(each, one, {
        times: ask.times,
        instant: ask.instant,
        nowMs,
        budget,
        gone: request.gone,
      });
      all.push(...read.series);
      noteMissing(each, read.from, read.to, notes);
    }
    return one.sum === undefined ? all : sumSeries(all, one.sum, notes);
  };
  const result = await evaluate(expression, { leaf, notes, budget });
  const hold = context.held.open(request.outgoing, 'query');
  if (ask.want === 'parts') {
    const series = result.kind === 'series' ? result.series : [];
    return { json: { series: toParts(series), warnings: [...notes.warnings], infos: [...notes.infos] } };
  }
  const bytes = queryAnswer(result, ask.times, ask.instant, notes);
  hold(bytes.length);
  return { bytes, contentType: 'application/json' };
}

/** Label sets of keys that occurred, of instrumentations that match any of the selectors. */
async function seriesAnswer(context: Context, ask: Ask, request: Request): Promise<Reply> {
  const selectors = ask.matches.map((text) => parseSelector(text));
  const found: Labels[] = [];
  const { start, step, count } = ask.times;
  const [from, to] = [start / 1000, (start + step * (count - 1)) / 1000];
  for (const owned of ownedOf(context, ask.instrumentations)) {
    const naming = namingOf(owned.instrumentation);
    const wanted = selectors.filter((matchers) => matchesNaming(matchers, naming));
    if (wanted.length === 0) continue;
    if (naming.keyLabel === undefined) {
      found.push(naming.labels);
      continue;
    }
    const keys = new Set<string>();
    const add = (key: string): void => {
      if (keys.size < PROMQL_LIMITS.labelSets) keys.add(key);
    };
    const first = owned.dataset.slotOf(from);
    await eachSlotInSlices(
      owned.dataset,
      first,
      to,
      (slot) => {
        slot.each(add);
      },
      request.gone,
    );
    for (const key of keys) {
      if (wanted.some((matchers) => keyMatches(matchers, naming.keyLabel, key)))
        found.push(labelsOf(naming, key));
      if (found.length >= PROMQL_LIMITS.labelSets) break;
    }
    if (found.length >= PROMQL_LIMITS.labelSets) break;
  }
  return success(found.slice(0, PROMQL_LIMITS.labelSets).map((labels) => Object.fromEntries(labels)));
}

function keyMatches(matchers: readonly Matcher[], keyLabel: string | undefined, key: string): boolean {
  return matchers.every((one) => one.label !== keyLabel || matches(one, key));
}
