/*
 * A query, put to the aggregators that have what it is about. In: a query, and the instrumentations that its asker may
 * see. Out: the answer of the one aggregator that can give it alone, as it came; else the leaves of several, put together.
 */
import { CaError, messageOf } from '../../../common/service/errors';
import type { Reply } from '../../../common/http/http';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { queryAnswer, type Times } from '../../../common/prometheus/promql/answer';
import { Budget, evaluate, Notes, sumSeries, type Series } from '../../../common/prometheus/promql/evaluate';
import {
  leavesOf,
  matches,
  type Expression,
  type Leaf,
  type Matcher,
} from '../../../common/prometheus/promql/expression';
import { namingOf } from '../../../common/prometheus/naming';
import { PROMQL_LIMITS } from '../../../common/prometheus/promql/limits';
import { parseQuery } from '../../../common/prometheus/promql/parse';
import { fromParts } from '../../../common/prometheus/promql/parts';
import type { Ask } from '../../../common/prometheus/promql/request';
import type { Answered } from '../door/upstream/whole-answer';
import type { Asked } from '../door/upstream/proxy';

/** An aggregator, and a way to ask it. */
export interface Home {
  readonly address: Asked;
  readonly instance: string;
}

export interface Sources {
  /** undefined: none of its aggregators is online. `except`: the instance of one that does not answer. Counts as use. */
  readonly homeOf: (i: Instrumentation, except?: string) => Home | undefined;
  readonly ask: (home: Home, ask: Ask, gone: AbortSignal) => Promise<Answered>;
}

export interface Query {
  readonly text: string;
  readonly times: Times;
  readonly instant: boolean;
  readonly timeoutMs: number;
  readonly gone: AbortSignal;
}

const ALONE = { want: 'answer', numbers: PROMQL_LIMITS.numbers } as const;

interface Share {
  readonly home: Home;
  readonly instrumentations: Instrumentation[];
}

/** Whether the matchers may select series of it: what they say of its keys is not known here. */
export function mayMatch(matchers: readonly Matcher[], i: Instrumentation): boolean {
  const { labels, keyLabel } = namingOf(i);
  return matchers.every((one) => one.label === keyLabel || matches(one, labels.get(one.label) ?? ''));
}

export async function answerQuery(
  visible: readonly Instrumentation[],
  query: Query,
  sources: Sources,
): Promise<Reply> {
  const expression = parseQuery(query.text);
  const leaves = leavesOf(expression);
  const wanted = visible.filter((i) => leaves.some(({ matchers }) => mayMatch(matchers, i)));
  const notes = new Notes();
  const shares = sharesOf(wanted, sources, notes);
  const [only] = shares;
  // One aggregator answers all of it, unless somebody must be told of another that is away.
  if (only !== undefined && shares.length === 1 && notes.warnings.size === 0) {
    const ask = askOf(query, query.text, only, ALONE);
    const answered = await sources.ask(only.home, ask, query.gone).catch((error: unknown) => {
      if (query.gone.aborted || elsewhere(only, sources).length === 0) throw error;
      return undefined; // asked again below, of those that have the same values
    });
    if (answered !== undefined)
      return { status: answered.status, bytes: answered.body, contentType: 'application/json' };
  }
  return putTogether(expression, shares, query, sources, notes);
}

/** By aggregator. */
export function sharesOf(wanted: readonly Instrumentation[], sources: Sources, notes: Notes): Share[] {
  if (wanted.length > PROMQL_LIMITS.instrumentations) {
    throw new CaError(
      'INVALID',
      `query matches ${wanted.length} instrumentations, of at most ${PROMQL_LIMITS.instrumentations}: name the metric or an id`,
      { field: 'query' },
    );
  }
  const shares = new Map<string, Share>();
  let away = 0;
  for (const i of wanted) {
    const home = sources.homeOf(i);
    if (home === undefined) {
      away++;
      continue;
    }
    const share = shares.get(home.instance) ?? { home, instrumentations: [] };
    shares.set(home.instance, share);
    share.instrumentations.push(i);
  }
  if (away > 0)
    notes.warnings.add(`the aggregator of ${away} of ${wanted.length} instrumentations is not online`);
  return [...shares.values()];
}

/** Other aggregators that have the same values. */
export function elsewhere({ home, instrumentations }: Share, sources: Sources): Share[] {
  const homeOf: Sources['homeOf'] = (i) => sources.homeOf(i, home.instance);
  return sharesOf(instrumentations, { ...sources, homeOf }, new Notes());
}

function askOf(
  query: Query,
  text: string,
  { instrumentations }: Share,
  share: Pick<Ask, 'want' | 'numbers'>,
): Ask {
  return {
    ...share,
    query: text,
    matches: [],
    instant: query.instant,
    timeoutMs: query.timeoutMs,
    times: query.times,
    instrumentations: instrumentations.map(fqid),
  };
}

async function putTogether(
  expression: Expression,
  shares: readonly Share[],
  query: Query,
  sources: Sources,
  notes: Notes,
): Promise<Reply> {
  const budget = new Budget({
    series: PROMQL_LIMITS.series,
    numbers: PROMQL_LIMITS.partNumbers,
    ms: query.timeoutMs,
  });
  const each = Math.max(1, Math.floor(PROMQL_LIMITS.partNumbers / Math.max(1, shares.length)));
  const leaf = async (one: Leaf): Promise<readonly Series[]> => {
    const parts = await Promise.all(
      shares.flatMap(({ home, instrumentations }) => {
        const own = instrumentations.filter((i) => mayMatch(one.matchers, i));
        if (own.length === 0) return [];
        const ask = (share: Share): Ask => askOf(query, one.text, share, { want: 'parts', numbers: each });
        return [partOf({ home, instrumentations: own }, ask, query, sources, notes)];
      }),
    );
    const all = parts.flat();
    for (const { points } of all) {
      budget.spend(
        1,
        points.reduce((sum: number, point) => sum + (Array.isArray(point) ? point.length / 3 : 1), 0),
      );
    }
    return one.sum === undefined ? all : sumSeries(all, one.sum, notes);
  };
  const result = await evaluate(expression, { leaf, notes, budget });
  return { bytes: queryAnswer(result, query.times, query.instant, notes), contentType: 'application/json' };
}

/** One that does not answer, and whose values no other has, is missing from the answer, which says so. */
async function partOf(
  share: Share,
  askFor: (share: Share) => Ask,
  query: Query,
  sources: Sources,
  notes: Notes,
  others = elsewhere(share, sources),
): Promise<Series[]> {
  let answered: Answered;
  try {
    answered = await sources.ask(share.home, askFor(share), query.gone);
  } catch (error) {
    const found = others.reduce((sum, { instrumentations }) => sum + instrumentations.length, 0);
    if (found < share.instrumentations.length) awayNote(share.instrumentations.length - found, error, notes);
    const parts = others.map((other) => partOf(other, askFor, query, sources, notes, []));
    return (await Promise.all(parts)).flat();
  }
  const json = JSON.parse(answered.body.toString('utf8')) as unknown;
  if (answered.status !== 200) throw errorOf(answered.status, json);
  const { series, warnings, infos } = fromParts(json, query.times.count);
  for (const text of warnings) notes.warnings.add(text);
  for (const text of infos) notes.infos.add(text);
  return series;
}

export function awayNote(instrumentations: number, error: unknown, notes: Notes): void {
  notes.warnings.add(`an aggregator with ${instrumentations} instrumentations: ${messageOf(error)}`);
}

/** What an aggregator refuses, the query is refused for. */
function errorOf(status: number, json: unknown): Error {
  const { error, errorType } = json as { error?: unknown; errorType?: unknown };
  const text = typeof error === 'string' ? error : 'the aggregator did not answer the query';
  return new CaError(status < 500 ? 'INVALID' : errorType === 'timeout' ? 'TIMED_OUT' : 'NO_RESOURCE', text);
}
