/*
 * Prometheus' HTTP API over the instrumentations that run, for Grafana, promtool and other clients.
 * In: GET, or POST with a form, below /prometheus/api/v1 (operators) or /ca/customers/:custid/prometheus/api/v1.
 * Out: its JSON. Next: fan-out.ts; values come from services/aggregator/promql.
 */
import { CaError, invalid } from '../../../common/service/errors';
import type { Reply, Request } from '../../../common/http/http';
import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { failure, success } from '../../../common/prometheus/promql/answer';
import { Notes } from '../../../common/prometheus/promql/evaluate';
import { NAME_LABEL } from '../../../common/prometheus/promql/expression';
import { namingOf } from '../../../common/prometheus/naming';
import { PROMQL_LIMITS } from '../../../common/prometheus/promql/limits';
import { parseSelector } from '../../../common/prometheus/promql/parse';
import {
  limitOf,
  manyTexts,
  moment,
  oneText,
  rangeOf,
  timeoutOf,
} from '../../../common/prometheus/promql/request';
import type { Resource } from '../api/resource';
import type { Config } from '../config';
import type { Proxy } from '../door/upstream/proxy';
import { ANSWERS, PARAMETERS } from './described';
import { answerQuery, awayNote, elsewhere, mayMatch, sharesOf, type Query, type Sources } from './fan-out';

interface ReadApi {
  readonly config: Config;
  readonly now: () => number;
  readonly proxy: Proxy;
}

type Handle = (
  request: Request,
  visible: readonly Instrumentation[],
  sources: Sources,
  now: number,
) => Reply | Promise<Reply>;

/** The version whose API this is: clients choose their requests by it. */
const BUILD = {
  version: '2.42.0',
  revision: 'cloud-analytics',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: '',
};
const ANSWER_BYTES = 64 * 1024 * 1024;
/** How far back keys are looked for when a request does not say. */
const RECENT_MS = 3_600_000;

interface Described extends Pick<Resource, 'path' | 'summary' | 'query' | 'answers'> {
  readonly methods: readonly ('GET' | 'POST')[];
  readonly answer: Handle;
}

const READ = ['GET'] as const;
/** POST with a form: queries may be longer than some proxies let a URL be. */
const READ_OR_FORM = ['GET', 'POST'] as const;

const RESOURCES: readonly Described[] = [
  {
    path: '/query',
    methods: READ_OR_FORM,
    summary: 'A query at one moment.',
    query: PARAMETERS.query,
    answers: ANSWERS.result,
    answer: instantQuery,
  },
  {
    path: '/query_range',
    methods: READ_OR_FORM,
    summary: 'A query at each step of a stretch of time.',
    query: PARAMETERS.range,
    answers: ANSWERS.result,
    answer: rangeQuery,
  },
  {
    path: '/labels',
    methods: READ_OR_FORM,
    summary: 'Names of labels.',
    query: PARAMETERS.filter,
    answers: ANSWERS.texts,
    answer: labelNames,
  },
  {
    path: '/label/:name/values',
    methods: READ,
    summary: 'Values of one label.',
    query: PARAMETERS.filter,
    answers: ANSWERS.texts,
    answer: labelValues,
  },
  {
    path: '/series',
    methods: READ_OR_FORM,
    summary: 'Sets of labels that occurred.',
    query: PARAMETERS.series,
    answers: ANSWERS.labelSets,
    answer: series,
  },
  {
    path: '/metadata',
    methods: READ,
    summary: 'Type, unit and meaning of each metric.',
    query: PARAMETERS.metadata,
    answers: ANSWERS.metadata,
    answer: metadata,
  },
  {
    path: '/status/buildinfo',
    methods: READ,
    summary: 'The version of Prometheus whose API this is.',
    answers: ANSWERS.build,
    answer: () => success(BUILD),
  },
  {
    path: '/rules',
    methods: READ,
    summary: 'Rules: there are none.',
    answers: ANSWERS.groups,
    answer: () => success({ groups: [] }),
  },
  {
    path: '/alerts',
    methods: READ,
    summary: 'Alerts: there are none.',
    answers: ANSWERS.alerts,
    answer: () => success({ alerts: [] }),
  },
  {
    path: '/query_exemplars',
    methods: READ_OR_FORM,
    summary: 'Exemplars: there are none.',
    answers: ANSWERS.nothing,
    answer: () => success([]),
  },
];

export function readApiResources(api: ReadApi): Resource[] {
  const sources: Sources = {
    homeOf: (i, except) => {
      const record = api.config.get(i.id, i.customer);
      try {
        const home = api.config.homes.of(record).find(({ instance }) => instance !== except);
        return home === undefined ? undefined : { address: home, instance: home.instance };
      } catch {
        return undefined;
      }
    },
    ask: (home, ask, gone) => api.proxy.ask(home.address, '/ca/prometheus', ask, gone, ANSWER_BYTES),
  };
  const answer = async (handle: Handle, request: Request, customer: string | undefined): Promise<Reply> => {
    try {
      return await handle(request, api.config.list(customer, customer === undefined), sources, api.now());
    } catch (error) {
      return failure(error);
    }
  };
  return RESOURCES.flatMap(({ path, methods, summary, query, answers, answer: handle }) =>
    methods.map((method): Resource => ({
      method,
      base: '',
      path: `/prometheus/api/v1${path}`,
      summary: `Prometheus: ${summary}`,
      ...(query === undefined ? {} : { [method === 'GET' ? 'query' : 'body']: query }),
      answers,
      handle: (request, customer) => answer(handle, request, customer),
    })),
  );
}

function queryOf(request: Request): Pick<Query, 'text' | 'timeoutMs' | 'gone'> {
  const text = oneText(request.query, 'query');
  if (text === undefined) throw invalid('query', 'is needed');
  return { text, timeoutMs: timeoutOf(request.query), gone: request.gone };
}

function instantQuery(
  request: Request,
  visible: readonly Instrumentation[],
  sources: Sources,
  now: number,
): Promise<Reply> {
  const start = moment(request.query, 'time') ?? now;
  return answerQuery(
    visible,
    { ...queryOf(request), instant: true, times: { start, step: 1000, count: 1 } },
    sources,
  );
}

function rangeQuery(request: Request, visible: readonly Instrumentation[], sources: Sources): Promise<Reply> {
  return answerQuery(
    visible,
    { ...queryOf(request), instant: false, times: rangeOf(request.query) },
    sources,
  );
}

/** Those that match[] selects; without it all. */
function selected(
  request: Request,
  visible: readonly Instrumentation[],
): { texts: readonly string[]; chosen: readonly Instrumentation[] } {
  const texts = manyTexts(request.query, 'match[]');
  if (texts.length > PROMQL_LIMITS.matches)
    throw invalid('match[]', `must be at most ${PROMQL_LIMITS.matches} selectors`);
  if (texts.reduce((sum, text) => sum + text.length, 0) > PROMQL_LIMITS.matchesLength) {
    throw invalid('match[]', `must be at most ${PROMQL_LIMITS.matchesLength} characters together`);
  }
  const selectors = texts.map((text) => parseSelector(text));
  if (selectors.flat().filter(({ regex }) => regex !== undefined).length > PROMQL_LIMITS.regexes) {
    throw invalid('match[]', `must have at most ${PROMQL_LIMITS.regexes} regular expressions together`);
  }
  const chosen =
    selectors.length === 0 ? visible : visible.filter((i) => selectors.some((one) => mayMatch(one, i)));
  return { texts, chosen };
}

function labelNames(request: Request, visible: readonly Instrumentation[]): Reply {
  const names = new Set<string>();
  for (const i of selected(request, visible).chosen) {
    const { labels, keyLabel } = namingOf(i);
    for (const name of labels.keys()) names.add(name);
    if (keyLabel !== undefined) names.add(keyLabel);
  }
  const notes = new Notes();
  return success(limited([...names].sort(), request, notes), notes);
}

async function labelValues(
  request: Request,
  visible: readonly Instrumentation[],
  sources: Sources,
  now: number,
): Promise<Reply> {
  const name = request.params['name'] ?? '';
  const { chosen } = selected(request, visible);
  const values = new Set<string>();
  for (const i of chosen) {
    const value = namingOf(i).labels.get(name);
    if (value !== undefined) values.add(value);
  }
  const broken = chosen.filter((i) => namingOf(i).keyLabel === name);
  const notes = new Notes();
  if (broken.length > 0) {
    for (const labels of await labelSets(request, broken, sources, now, notes)) {
      const value = labels[name];
      if (value !== undefined) values.add(value);
    }
  }
  return success(limited([...values].sort(), request, notes), notes);
}

async function series(
  request: Request,
  visible: readonly Instrumentation[],
  sources: Sources,
  now: number,
): Promise<Reply> {
  const { texts, chosen } = selected(request, visible);
  if (texts.length === 0) throw invalid('match[]', 'is needed');
  const notes = new Notes();
  return success(limited(await labelSets(request, chosen, sources, now, notes), request, notes), notes);
}

type LabelSet = Readonly<Record<string, string>>;

async function labelSets(
  request: Request,
  chosen: readonly Instrumentation[],
  sources: Sources,
  now: number,
  notes: Notes,
): Promise<LabelSet[]> {
  const end = moment(request.query, 'end') ?? now;
  const start = moment(request.query, 'start') ?? Math.max(0, end - RECENT_MS);
  if (end < start) throw invalid('end', 'must not be before start');
  const texts = manyTexts(request.query, 'match[]');
  if (chosen.length > PROMQL_LIMITS.instrumentations) {
    notes.warnings.add(
      `only of the first ${PROMQL_LIMITS.instrumentations} of ${chosen.length} instrumentations`,
    );
  }
  const shares = sharesOf(chosen.slice(0, PROMQL_LIMITS.instrumentations), sources, notes);
  const ask = ({ home, instrumentations }: (typeof shares)[number]): ReturnType<Sources['ask']> =>
    sources.ask(
      home,
      {
        want: 'series',
        query: '',
        matches: texts.length === 0 ? [`{${NAME_LABEL}!=""}`] : [...texts],
        instant: false,
        timeoutMs: PROMQL_LIMITS.ms,
        numbers: PROMQL_LIMITS.numbers,
        times: { start, step: Math.max(1, end - start), count: 2 },
        instrumentations: instrumentations.map(fqid),
      },
      request.gone,
    );
  const askElse = (share: (typeof shares)[number], error: unknown): ReturnType<typeof ask>[] => {
    const others = elsewhere(share, sources);
    if (others.length === 0) throw error;
    return others.map(ask);
  };
  const asked = shares.map((share) =>
    ask(share)
      .then(
        (answered) => [answered],
        (error: unknown) => Promise.all(askElse(share, error)),
      )
      .catch((error: unknown) => {
        awayNote(share.instrumentations.length, error, notes);
        return [];
      }),
  );
  const answers = (await Promise.all(asked)).flat();
  return answers.flatMap((answered) => {
    const { status, body } = answered;
    const { data, error } = JSON.parse(body.toString('utf8')) as { data?: LabelSet[]; error?: string };
    if (status === 200 && data !== undefined) return data;
    throw new CaError(status < 500 ? 'INVALID' : 'NO_RESOURCE', error ?? 'the aggregator did not answer');
  });
}

function metadata(request: Request, visible: readonly Instrumentation[]): Reply {
  const wanted = oneText(request.query, 'metric');
  const found = new Map<string, unknown>();
  for (const i of visible) {
    const { name, unit, distribution, help } = namingOf(i);
    // A distribution is asked for as a native histogram is, with rate() or sum_over_time(): clients offer these for it.
    if (wanted === undefined || wanted === '' || wanted === name) {
      found.set(name, [{ type: distribution ? 'histogram' : 'gauge', help, unit }]);
    }
  }
  const notes = new Notes();
  return success(Object.fromEntries(limited([...found], request, notes)), notes);
}

/** As many as are wanted; that there are more is said, as Prometheus says it. */
function limited<T>(list: readonly T[], request: Request, notes: Notes): readonly T[] {
  const limit = limitOf(request.query);
  if (list.length <= limit) return list;
  notes.warnings.add('results truncated due to limit');
  return list.slice(0, limit);
}
