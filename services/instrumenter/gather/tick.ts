/*
 * Once a second: close the second in all probes, read them, send the values. In: the second that has just begun.
 * Out: one report per instrumentation and second, to outbox.ts. Next on the walk: outbox.ts.
 *
 * All probes are closed in a row, so that they agree on where the second ends; each is then read
 * independently, so that a slow or broken probe delays no other.
 */
import type { Clock } from '../../../common/service/clock';
import { messageOf } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { largestKeys } from '../../../common/model/tally';
import { totalOf } from '../../../common/model/value';
import type { Gathering } from './gathering';
import type { Journal } from './journal';
import type { Parcel } from './parcel';
import type { Probe, Reading, Source } from '../sources/source';

/** Maximum number of distinct keys that one instrumentation sends in a second. */
export const KEYS_PER_SECOND = 1000;
/** Readings that may fail in a row before a probe counts as failed. */
export const PROBE_FAILURES = 5;

interface TickOptions {
  readonly clock: Clock;
  /** Nanoseconds of a monotonic clock. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly journal: Journal;
  readonly put: (parcel: Parcel) => void;
  /** The wall clock was set since the last tick: how long the last period lasted is unknown. */
  readonly stepped: boolean;
  /** A probe has begun to fail, or works again. */
  readonly changed: (gathering: Gathering) => void;
}

/** What flip() closed. */
interface Closed {
  readonly gathering: Gathering;
  readonly probe: Probe;
  /** First second of the report; undefined when the closed period is not whole seconds. */
  readonly first: number | undefined;
  readonly nanoseconds: number;
}

/** Resolves when all readings are done (or have failed); callers need not wait. Never rejects. */
export async function tick(
  gatherings: Iterable<Gathering>,
  second: number,
  options: TickOptions,
): Promise<void> {
  const started = options.elapsed();
  const startedMs = options.clock.now();
  const bySource = new Map<Source, Closed[]>();
  for (const gathering of gatherings) {
    const closed = isDue(gathering, second) ? flip(gathering, second, options) : undefined;
    if (closed === undefined || gathering.source === undefined) continue;
    const group = bySource.get(gathering.source) ?? [];
    bySource.set(gathering.source, group);
    group.push(closed);
  }
  await Promise.all(
    [...bySource].map(async ([source, group]) => {
      try {
        await source.settle?.();
      } catch (error) {
        // The values may lack a few events of their last moment; probes that know this report it themselves.
        options.log.warn({ err: error, source: source.name }, 'the source did not settle');
      }
      await Promise.all(group.map((closed) => read(closed, options)));
    }),
  );
  options.journal.record('ca.instr_ticks', () => ({
    fields: { latency: options.elapsed() - started, subsecond: startedMs % 1000 },
    value: 1,
  }));
}

/** Due at its boundaries; and at once when a boundary was missed (the process stood still). */
function isDue(gathering: Gathering, second: number): boolean {
  if (gathering.probe === undefined) return false;
  if (second % gathering.period === 0) return true;
  const end = gathering.until ?? (gathering.covers ?? Infinity) + gathering.period;
  return second >= end;
}

function flip(gathering: Gathering, second: number, options: TickOptions): Closed | undefined {
  const { probe, period } = gathering;
  if (probe === undefined) return undefined;
  if (gathering.reading) {
    // A late reading must not be mixed with the next. The period counted meanwhile is not whole seconds.
    gathering.counts.late++;
    return undefined;
  }
  const from = options.elapsed();
  const { covers, until } = gathering;
  // A period that the probe itself ends has ended on time, and the next began then, however late this tick is.
  const end = until ?? second;
  gathering.covers = end % period === 0 && second < end + period && !options.stepped ? end : undefined;
  gathering.until = undefined;
  const isWhole = covers !== undefined && covers + period === end && !options.stepped;
  try {
    probe.flip();
  } catch (error) {
    failed(gathering, error, options);
    return undefined;
  }
  // From here, not from read(): a source that does not settle counts as slow to read.
  gathering.reading = true;
  const nanoseconds = options.elapsed() - from;
  return {
    gathering,
    probe,
    first: isWhole ? covers : undefined,
    nanoseconds,
  };
}

async function read(closed: Closed, options: TickOptions): Promise<void> {
  const { gathering, probe, first } = closed;
  const from = options.elapsed();
  try {
    const reading = await probe.read();
    // Disabled, or enabled anew, meanwhile.
    if (gathering.probe !== probe) return;
    if (gathering.begun || first !== undefined)
      gathering.losses.add(reading.losses ?? { source: reading.lost });
    if (first === undefined) drop(gathering, reading);
    else report(gathering, first, reading, options);
    worked(gathering, options);
  } catch (error) {
    if (gathering.probe === probe) failed(gathering, error, options);
  } finally {
    gathering.reading = false;
    if (gathering.probe === probe) endAtBoundary(gathering, options.clock);
    options.journal.record('ca.instr_beops', () => ({
      fields: {
        cabackend: gathering.source?.name ?? '',
        cainstnid: gathering.fqid,
        cametric: gathering.metric,
        latency: closed.nanoseconds + options.elapsed() - from,
        subsecond: options.clock.now() % 1000,
      },
      value: 1,
    }));
  }
}

/** Lets the probe switch to the next second by itself, if it can. */
export function endAtBoundary(gathering: Gathering, clock: Clock): void {
  const { period, covers, probe } = gathering;
  const next =
    covers === undefined ? (Math.floor(clock.now() / 1000 / period) + 1) * period : covers + period;
  gathering.until = probe?.until?.(next) === true ? next : undefined;
}

function report(gathering: Gathering, second: number, reading: Reading, options: TickOptions): void {
  const value = largestKeys(reading.value, KEYS_PER_SECOND);
  const lost = gathering.lost + reading.lost;
  gathering.lost = 0;
  gathering.begun = true;
  gathering.counts.reports++;
  const load = gathering.loadIsNew && gathering.load !== undefined ? { load: gathering.load } : {};
  gathering.loadIsNew = false;
  const snapshot = gathering.instrumentation.valueScope === 'point';
  const source = gathering.source === undefined ? {} : { source: gathering.source.name };
  const report = { fqid: gathering.fqid, value, lost, ...load, ...source };
  options.put({ second, duration: gathering.period, report, ...(snapshot ? { snapshot } : {}) });
}

/** Events outside whole seconds: before the first report they are not wanted; after it they are lost. */
function drop(gathering: Gathering, reading: Reading): void {
  if (!gathering.begun) return;
  gathering.counts.uneven++;
  gathering.lost += reading.lost;
  // A snapshot is not a sum of events.
  const uneven = gathering.instrumentation.valueScope === 'interval' ? totalOf(reading.value) : 0;
  gathering.lost += uneven;
  gathering.losses.add({ uneven });
}

function failed(gathering: Gathering, error: unknown, options: TickOptions): void {
  gathering.counts.errors++;
  gathering.failures++;
  // What could not be read may appear in the next reading, so that is not a second's value either.
  gathering.covers = undefined;
  if (gathering.failures === 1) {
    options.log.warn({ err: error, fqid: gathering.fqid }, 'a probe could not be read');
  }
  if (gathering.failures === PROBE_FAILURES) {
    gathering.state = 'failed';
    gathering.reason = `its last ${PROBE_FAILURES} readings failed: ${messageOf(error)}`;
    options.changed(gathering);
  }
}

function worked(gathering: Gathering, options: TickOptions): void {
  gathering.failures = 0;
  if (noteShortfall(gathering, options) && gathering.state === 'enabled') options.changed(gathering);
  if (gathering.state !== 'failed') return;
  gathering.state = 'enabled';
  gathering.reason = undefined;
  options.changed(gathering);
}

/** True when what it cannot see, or loses, has changed. */
export function noteShortfall(
  gathering: Gathering,
  { clock, log }: Pick<TickOptions, 'clock' | 'log'>,
): boolean {
  const parts = [gathering.probe?.shortfall?.(), gathering.losses.sentence(Math.floor(clock.now() / 1000))];
  const said = parts.filter((part) => part !== undefined).join('; ');
  const shortfall = said === '' ? undefined : said;
  if (shortfall === gathering.shortfall) return false;
  gathering.shortfall = shortfall;
  if (shortfall !== undefined) log.warn({ fqid: gathering.fqid }, shortfall);
  return true;
}
