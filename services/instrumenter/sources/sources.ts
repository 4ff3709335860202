/*
 * The sources of this build, cheapest first; and which of them takes an instrumentation.
 * In: CA_SOURCES, an instrumentation. Out: open sources; candidates in order of preference, or why there is none.
 */
import { invalid, messageOf } from '../../../common/service/errors';
import { nearest } from '../../../common/model/nearest';
import type { Clock } from '../../../common/service/clock';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import type { Log } from '../../../common/service/log';
import { metricName } from '../../../common/model/metric';
import type { Journal } from '../gather/journal';
import { neededFields } from './points';
import type { Offer, Source, SourceName } from './source';
import { predicateFields } from '../../../common/model/predicate/predicate';
import { METRICS } from '../metrics/registry';
import { openBpf } from './bpf/open';
import { openDtrace } from './dtrace/source';
import { openKstat } from './kstat/source';
import { openProc } from './proc/source';
import { openSelf } from './self/source';
import { openSynthetic } from './synthetic/source';
import { openZfs } from './zfs/source';

/** What a source may need from its environment. */
export interface Surroundings {
  readonly host: string;
  readonly clock: Clock;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly journal: Journal;
  /** For the dtrace source: CA_DTRACE, and PATH. */
  readonly dtrace?: string | undefined;
  readonly searchPath?: string;
  /** For the synthetic source. */
  readonly seed: number;
}

/** Opens a source, or rejects with one sentence that says why it cannot work here. */
export type Opener = (surroundings: Surroundings) => Source | Promise<Source>;

export type Openers = ReadonlyMap<SourceName, Opener>;

export const OPENERS: Openers = new Map<SourceName, Opener>([
  ['self', openSelf],
  ['kstat', openKstat],
  ['proc', openProc],
  ['zfs', openZfs],
  ['bpf', openBpfHere],
  ['dtrace', openDtrace],
  ['synthetic', openSynthetic],
]);

async function openBpfHere({ host }: Surroundings): Promise<Source> {
  const source = openBpf(host, METRICS);
  if (typeof source === 'string') throw new Error(source);
  // Programs that run here but are not installed are found by reads that may block, so startup does not wait for them.
  await source.look();
  const obstacles = new Set(source.offers().map((offer) => ('fields' in offer ? '' : offer.unavailable)));
  const [obstacle, ...more] = obstacles;
  // No metric works, all for one reason: it is the node's, not the metrics'.
  if (obstacle !== undefined && obstacle !== '' && more.length === 0) throw new Error(obstacle);
  return source;
}

/**
 * Only where CA_SOURCES names them: invented data must never pass for the machine's. On Linux bpf has what dtrace has
 * at a fraction of the cost, while listing dtrace's probes alone takes seconds; and kstat belongs to another system.
 */
const ONLY_BY_NAME: ReadonlySet<string> = new Set<SourceName>(
  process.platform === 'linux' ? ['synthetic', 'dtrace', 'kstat'] : ['synthetic'],
);

/** The state of each requested source; `source` if it is open. */
interface Opened {
  readonly name: string;
  readonly source?: Source;
  readonly unavailable?: string;
}

/** Sources that CA_SOURCES names must exist: a misspelt one would silently leave out its metrics. */
export function checkNames(names: readonly string[], openers: Openers = OPENERS): void {
  const known: string[] = [...openers.keys()];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const meant = nearest(wrong, known);
  const fix = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  throw invalid(
    'CA_SOURCES',
    `names the unknown source ${JSON.stringify(wrong)}${fix}; sources are ${known.join(', ')}`,
  );
}

/** Opens those that are named, in that order, or all but the synthetic one; none waits for another. Never rejects. */
export function openSources(
  names: readonly string[] | undefined,
  surroundings: Surroundings,
  openers: Openers = OPENERS,
): Promise<Opened[]> {
  const wanted = names ?? [...openers.keys()].filter((name) => !ONLY_BY_NAME.has(name));
  return Promise.all(
    [...new Set(wanted)].map(async (name): Promise<Opened> => {
      try {
        const opener = openers.get(name as SourceName);
        if (opener === undefined)
          throw new Error(`it is not known; there are ${[...openers.keys()].join(', ')}`);
        return { name, source: await opener(surroundings) };
      } catch (error) {
        const sentence = `source ${name} does not work here: ${messageOf(error)}`;
        // If it was named, its absence is a warning; else it is a fact about this machine.
        if (names === undefined) surroundings.log.info({ source: name }, sentence);
        else surroundings.log.warn({ source: name }, sentence);
        return { name, unavailable: messageOf(error) };
      }
    }),
  );
}

/** Metrics that an open source would know and cannot observe on this machine, each with its reason; for status. */
export function missingFrom(source: Source): { metric: string; reason: string }[] {
  return source
    .offers()
    .flatMap((offer) =>
      'unavailable' in offer
        ? [{ metric: offer.metric, reason: offer.unavailable.slice(0, LIMITS.reasonLength) }]
        : [],
    );
}

/** A source may offer a metric more than once, with other fields each time. */
function offersOf(source: Source, i: Instrumentation): Offer[] {
  const metric = metricName(i);
  return source.offers().filter((offer) => offer.metric === metric);
}

/**
 * Sources that have the metric and all fields of decomposition and predicate, in order of preference. Counters do not agree
 * to the last event with probes of the events: where probes are available, they answer all questions.
 */
export function candidates(sources: readonly Source[], i: Instrumentation): Source[] {
  const needed = neededFields(i);
  const seesEvents = sources.some(
    (source) => source.name === 'bpf' && offersOf(source, i).some((offer) => 'fields' in offer),
  );
  return sources.filter(
    (source) =>
      !(seesEvents && source.name === 'proc') &&
      offersOf(source, i).some(
        (offer) =>
          'fields' in offer &&
          needed.every((field) => offer.fields.includes(field)) &&
          unfilteredIn(offer, i).length === 0,
      ),
  );
}

/** Fields that the question filters by, for which the offer supports a breakdown only. */
function unfilteredIn(offer: Offer, i: Instrumentation): string[] {
  const unfiltered = 'unfiltered' in offer ? (offer.unfiltered ?? []) : [];
  return predicateFields(i.predicate).filter((field) => unfiltered.includes(field));
}

/** Why there are no candidates, in one sentence. */
export function uncovered(sources: readonly Source[], i: Instrumentation): string {
  const offers = sources.flatMap((source) =>
    offersOf(source, i).map((offer) => ({ source: source.name, offer })),
  );
  if (offers.length === 0) return `no source of this node knows ${metricName(i)}`;
  const reasons = offers.map(({ source, offer }) => {
    if ('unavailable' in offer) return `${source}: ${offer.unavailable}`;
    const missing = neededFields(i).filter((field) => !offer.fields.includes(field));
    if (missing.length === 0) return `${source}: cannot filter by ${unfilteredIn(offer, i).join(', ')}`;
    const lacking = 'lacking' in offer ? offer.lacking : undefined;
    const why = missing.flatMap((field) => lacking?.[field] ?? []);
    return `${source}: does not know ${missing.join(', ')}${why.length === 0 ? '' : `: ${[...new Set(why)].join('; ')}`}`;
  });
  return `no source of this node can do this (${reasons.join('; ')})`;
}
