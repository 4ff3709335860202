/*
 * Value requests, from parameters to a reply: intervals, waiting for reporters, one reply object for each data point.
 * In: a request, and what to compute for a point. Out: a reply with an ETag, or 304.
 * Next on the walk: heatmap/image.ts, where what to compute is a picture.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Cost, Own, PointAnswer, ShiftedClocks } from '../../../common/api/value';
import type { Cache } from '../../../common/service/cache';
import type { Clock } from '../../../common/service/clock';
import { CaError, invalid } from '../../../common/service/errors';
import { tagsOf } from '../../../common/http/header-list';
import type { Reply, Request } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import type { Aggregator } from '../aggregator';
import type { Owned } from '../owned';
import type { AnswerBudget } from './answer-budget';
import type { Renderer } from '../heatmap/pixels/renderer';
import { readIntervals, type Interval } from '../dataset/interval';
import { describeLoads } from '../ingest/loads';
import { Params } from './params';
import { completeness, type Completeness } from '../dataset/reading';
import { SLICE_MS } from '../dataset/slices';
import { subjectOf, type Subject } from './subject';
import { explainKeys, type Transformation } from '../transformations/transformation';

/** Transformations that one request may name. */
const TRANSFORMATIONS_ASKED = 16;
/** What a request waits for transformations. */
export const EXPLAIN_WAIT_MS = 200;

export interface Context {
  readonly aggregator: Aggregator;
  readonly clock: Clock;
  readonly renderer: Renderer;
  readonly transformations: readonly Transformation[];
  /** Replies with pictures, by ETag: a wall of screens that shows the same second is drawn once. */
  readonly pictures: Cache<Reply>;
  readonly held: AnswerBudget;
}

export interface Question<Options> {
  /** Seconds, when the request says nothing. */
  readonly defaultDuration: number;
  readonly pointsMax: number;
  /** Called before any waiting, so that a wrong parameter is refused at once. */
  readonly options: (params: Params, subject: Subject) => Options;
  /** Seconds that the interval is made of whole ones of; undefined: the granularity. */
  readonly step?: (options: Options) => number | undefined;
  /** What the answer depends on besides the instrumentation itself. */
  readonly state?: (
    context: Context,
    point: Pick<Point<Options>, 'request' | 'subject' | 'options' | 'interval'>,
  ) => unknown;
  /** The reply is cached for equal requests. */
  readonly picture?: boolean;
}

/** One data point, ready to be computed. */
export interface Point<Options> {
  readonly request: Request;
  readonly subject: Subject;
  readonly interval: Interval;
  readonly options: Options;
  /** Milliseconds that the request waited; 0: it did not have to. */
  readonly delay: number;
  /** Aborted when the client has gone away. */
  readonly gone: AbortSignal;
  /** What is known about keys, by transformation. */
  readonly explain: (keys: readonly string[]) => Promise<Record<string, unknown>>;
}

/** One object, or a list where ndatapoints was given. */
export function answerJson<O, A extends PointAnswer>(
  context: Context,
  request: Request,
  question: Question<O>,
  compute: (point: Point<O>) => Promise<Own<A>>,
): Promise<Reply> {
  return answerTexts(context, request, question, {
    contentType: 'application/json',
    frame: (_first, many) =>
      many ? { open: '[', between: ',', close: ']\n' } : { open: '', between: '', close: '\n' },
    write: async (point) => JSON.stringify({ ...(await compute(point)), ...describe(point) }),
  });
}

interface Texts<O> {
  readonly contentType: string;
  /** What stands around and between the texts of all points; one text where only one was asked for. */
  readonly frame: (
    first: Point<O>,
    many: boolean,
  ) => { readonly open: string; readonly between: string; readonly close: string };
  readonly write: (point: Point<O>) => Promise<string>;
}

/** A text for each point, held within the limits of what one answer, and all together, may occupy. */
export function answerTexts<O>(
  context: Context,
  request: Request,
  question: Question<O>,
  { contentType, frame, write }: Texts<O>,
): Promise<Reply> {
  return answer(context, request, question, async (points, many) => {
    const hold = context.held.open(request.outgoing, many ? 'ndatapoints' : 'duration');
    const texts: Buffer[] = [];
    let began = performance.now();
    // One after the other: of all but one point a request has only the text in memory, which is much smaller.
    for (const point of points) {
      if (request.gone.aborted) throw new CaError('NO_RESOURCE', 'the client went away');
      const text = Buffer.from(await write(point));
      hold(text.length);
      texts.push(text);
      if (performance.now() - began < SLICE_MS) continue;
      await setImmediate();
      began = performance.now();
    }
    const [first] = points;
    if (first === undefined) throw new TypeError('a value request has at least one point');
    const { open, between, close } = frame(first, many);
    const pieces = texts.flatMap((text, i) => [Buffer.from(i === 0 ? open : between), text]);
    return { bytes: Buffer.concat([...pieces, Buffer.from(close)]), contentType };
  });
}

/** Parameters checked, expected nodes waited for, and `make` called unless the client has the answer already. */
export async function answer<O>(
  context: Context,
  request: Request,
  question: Question<O>,
  make: (points: readonly Point<O>[], many: boolean) => Promise<Reply>,
): Promise<Reply> {
  const subject = subjectOf(context.aggregator, request);
  const params = Params.of(request);
  const timeoutMs = params.whole('timeout', { min: 0, max: LIMITS.valueWaitMsMax }) ?? LIMITS.valueWaitMsMax;
  const options = question.options(params, subject);
  const transformations = readTransformations(params, context, subject);
  const { granularity } = subject.dataset;
  const { points, many } = readIntervals(params, {
    granularity: question.step?.(options) ?? granularity,
    secondsMax: LIMITS.valueSecondsMax * granularity,
    defaultDuration: question.defaultDuration,
    nowMs: context.clock.now(),
    timeoutMs,
  });
  const [first] = points;
  const last = points[points.length - 1];
  if (first === undefined || last === undefined || points.length > question.pointsMax) {
    throw invalid('ndatapoints', `must be at most ${question.pointsMax} here`);
  }
  const end = last.start + last.duration;
  const delay = (await subject.owned?.waiting.until(end - granularity, timeoutMs, request.gone)) ?? 0;

  // What transformations know may change at any time; everything else follows from the request and the dataset.
  const state = question.state?.(context, {
    request,
    subject,
    options,
    interval: { ...first, duration: end - first.start },
  });
  const etag = transformations.length > 0 ? undefined : tagOf(request, subject, first.start, end, state);
  if (etag !== undefined && isKnown(request, etag)) return { status: 304, headers: tagHeaders(etag) };
  const kept = etag === undefined ? undefined : context.pictures.get(etag);
  if (kept !== undefined) return kept;
  // For all points together: an hour of them must not wait for each one's names.
  const explainUntil = performance.now() + EXPLAIN_WAIT_MS;
  const explain = (keys: readonly string[]): Promise<Record<string, unknown>> =>
    explainKeys(transformations, keys, Math.max(0, explainUntil - performance.now()));
  const made = await make(
    points.map((interval) => ({ request, subject, interval, options, delay, gone: request.gone, explain })),
    many,
  );
  const reply = { ...made, headers: { ...made.headers, ...tagHeaders(etag) } };
  if (question.picture === true && etag !== undefined && delay === 0) context.pictures.set(etag, reply);
  return reply;
}

/** What every reply says of a point: when, and how complete. */
export function describe({
  subject,
  interval,
  delay,
}: Pick<Point<unknown>, 'subject' | 'interval' | 'delay'>): PointAnswer {
  const { dataset, nodes, asked, owned, disk } = subject;
  const cost = owned === undefined ? undefined : costOf(owned);
  const clocks = owned === undefined ? undefined : describeClocks(owned);
  const { start, duration, requestedStart, requestedDuration } = interval;
  const runs = completeness(dataset, start, duration, asked);
  return {
    start_time: start,
    duration,
    end_time: start + duration,
    requested_start_time: requestedStart,
    requested_duration: requestedDuration,
    requested_end_time: requestedStart + requestedDuration,
    nsources: nodes,
    minreporting: leastReporting(runs),
    lost: runs.reduce((sum, run) => sum + (run.lost * run.duration) / dataset.granularity, 0),
    sources: dataset.sources(start, start + duration),
    completeness: runs,
    ...(cost === undefined ? {} : { cost }),
    ...(clocks === undefined ? {} : { clocks }),
    ...(disk === undefined ? {} : { disk }),
    ...(delay > 0 ? { delay } : {}),
  };
}

/** Over the seconds in which nodes should have reported: before the instrumentation existed none is missing. */
function leastReporting(runs: readonly Completeness[]): number {
  const expecting = runs.filter(({ expected, reporting }) => expected + reporting > 0);
  return expecting.reduce(
    (least, { reporting }) => Math.min(least, reporting),
    expecting.length === 0 ? 0 : Infinity,
  );
}

/** Customers must not see servers' names. */
function costOf({ loads, instrumentation: { customer } }: Owned): Cost | undefined {
  const cost = describeLoads(loads.all());
  if (cost === undefined || customer === undefined) return cost;
  const { worst: _worst, ...rest } = cost;
  return rest;
}

/** Nodes of it whose clocks are off so far that their seconds are shifted into ours, or were set just now. */
function describeClocks({
  clocks,
  expected,
  instrumentation: { customer },
}: Owned): ShiftedClocks | undefined {
  const isSet = ({ node }: { readonly node: string }): boolean => clocks.jumpedLately(node);
  const off = clocks.off.filter((one) => expected.has(one.node) && (one.shiftSeconds !== 0 || isSet(one)));
  if (off.length === 0) return undefined;
  const worst = off.reduce((a, b) => (Math.abs(b.shiftSeconds) > Math.abs(a.shiftSeconds) ? b : a));
  return {
    nodes: off.length,
    ...(off.some(isSet) ? { set: off.filter(isSet).length } : {}),
    worst: {
      ...(customer === undefined ? { node: worst.node } : {}),
      offset_ms: worst.offsetMs ?? 0,
      shifted_seconds: worst.shiftSeconds,
    },
  };
}

/** Those that were asked for; each must fit the decomposition. */
function readTransformations(
  params: Params,
  context: Context,
  { owned }: Subject,
): readonly Transformation[] {
  const names = params.list('transformations', TRANSFORMATIONS_ASKED);
  const fields = owned?.instrumentation.decomposition ?? [];
  const possible = context.transformations.filter((one) =>
    one.fields.some((field) => fields.includes(field)),
  );
  return [...new Set(names)].map((name) => {
    const found = possible.find((one) => one.name === name);
    if (found !== undefined) return found;
    const offer = possible.length === 0 ? 'none' : possible.map((one) => one.name).join(', ');
    throw invalid('transformations', `names ${JSON.stringify(name)}; this instrumentation has ${offer}`);
  });
}

/**
 * Weak, because two answers may differ in how long they waited. Made of the question and the state of what it asks
 * about, not of the answer: a client that has it costs neither a sum nor a picture. undefined: not known here yet.
 */
function tagOf(
  request: Request,
  subject: Subject,
  start: number,
  end: number,
  also: unknown,
): string | undefined {
  const { owned, dataset, nodes, asked, disk } = subject;
  if (owned === undefined) return undefined;
  const state = [dataset.versionOf(start, end), start, end, nodes, asked.version, disk, also];
  const question = [request.url, request.body.toString('latin1'), request.headers.accept];
  const hash = createHash('sha1').update(JSON.stringify([state, question]));
  return `W/"${hash.digest('base64url')}"`;
}

function tagHeaders(etag: string | undefined): Record<string, string> {
  return { ...(etag === undefined ? {} : { ETag: etag }), 'Cache-Control': 'no-cache' };
}

function isKnown(request: Request, etag: string): boolean {
  const known = tagsOf(request.headers['if-none-match']);
  return known.includes(etag.slice(2)) || known.includes('*');
}
