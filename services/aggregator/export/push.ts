/*
 * Pushes values to other stores, each second: OTLP and Prometheus remote write. In: slots as they are
 * settled. Out: bodies for delivery.ts. When an instrumentation or a key ends, its series are marked as ended.
 */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { breakdownOf, fqid, gridOfInstrumentation } from '../../../common/model/instrumentation';
import type { Grid } from '../../../common/model/bucket';
import { exportBounds, intervals, sumOf, type Bounds } from '../../../common/prometheus/outgoing/bounds';
import { counter, gauge, withoutName, type Family } from '../../../common/prometheus/metrics/family';
import { labelsOf, namingOf, type Naming } from '../../../common/prometheus/naming';
import { otlpText } from '../../../common/prometheus/outgoing/otlp';
import type { Outgoing, OutgoingHistogram } from '../../../common/prometheus/outgoing/outgoing';
import { REMOTE_WRITE_HEADERS, remoteWriteBody } from '../../../common/prometheus/outgoing/remote-write';
import type { Log } from '../../../common/service/log';
import type { Owned } from '../owned';
import type { Slot } from '../dataset/slot';
import { Delivery, type Answer, type Receiver } from './delivery';
import type { PushSettings } from './push-settings';
import { SeriesOut, type OutSeries } from './series';
import type { Consumer } from './settled-feed';

const gzipAsync = promisify(gzip);
const FASTEST = { level: constants.Z_BEST_SPEED };

/** Points of one request. */
const POINTS_MAX = 1000;

interface Pushed {
  readonly owned: Owned;
  /** The export's bounds, to notice changes. */
  readonly asked: string;
  readonly naming: Naming;
  readonly grid: Grid;
  readonly bounds: Bounds;
  readonly out: SeriesOut;
  /** End of the newest slot, seconds. */
  last: number;
}

/** What a receiver needs: each second alone, or the total since the start of counting. */
interface Wants {
  readonly of: boolean;
  readonly total: boolean;
}

const NOTHING: OutgoingHistogram = { counts: [], uppers: [], sum: 0 };

interface Way {
  readonly delivery: Delivery;
  readonly encode: (points: readonly Outgoing[]) => Buffer | Promise<Buffer>;
  /** Settles when all earlier bodies are with `delivery`, which keeps their order. */
  encoded: Promise<void>;
}

export class Push implements Consumer {
  private readonly pushed = new Map<string, Pushed>();
  private readonly ways: readonly Way[];
  private readonly all: boolean;
  private readonly kinds: Wants;
  private points: Outgoing[] = [];

  constructor(settings: PushSettings, instance: string, log: Log) {
    this.all = settings.all;
    const delta = settings.temporality === 'delta';
    this.kinds = {
      of: settings.remoteWrite !== undefined || delta,
      total: settings.otlp !== undefined && !delta,
    };
    this.ways = waysOf(settings, instance, log);
  }

  get active(): boolean {
    return this.ways.length > 0;
  }

  wants({ instrumentation }: Owned): boolean {
    return this.active && (this.all || instrumentation.export?.push !== undefined);
  }

  slot(owned: Owned, time: number, slot: Slot | undefined): void {
    const one = this.of(owned, time);
    const { granularity } = owned.dataset;
    one.last = time + granularity;
    for (const series of one.out.add(slot, time, granularity)) this.points.push(endOf(one, series));
    // A second without reports is a gap in the other store, too.
    if (slot === undefined) return;
    for (const series of one.out.series.values()) {
      if (one.owned.instrumentation.valueScope === 'point' && series.seen !== time) continue;
      this.points.push(pointOf(one, series, time, granularity, this.kinds));
    }
  }

  end(id: string): void {
    const one = this.pushed.get(id);
    this.pushed.delete(id);
    for (const series of one?.out.series.values() ?? [])
      if (one !== undefined) this.points.push(endOf(one, series));
  }

  /** Once a second, after the slots. */
  flush(): void {
    const points = this.points;
    this.points = [];
    for (let from = 0; from < points.length; from += POINTS_MAX) {
      const some = points.slice(from, from + POINTS_MAX);
      for (const way of this.ways) {
        const body = way.encode(some);
        way.encoded = way.encoded.then(async () => {
          way.delivery.put(await body, some.length);
        });
      }
    }
  }

  close(): void {
    for (const { delivery } of this.ways) delivery.close();
  }

  families(since: number): Family[] {
    const each = <T>(of: (delivery: Delivery) => T): (readonly [{ receiver: string }, T])[] =>
      this.ways.map(({ delivery }) => [{ receiver: delivery.name }, of(delivery)] as const);
    return [
      ...counter(
        'ca_push_points',
        'Points that a receiver has taken.',
        each(({ counts }) => counts.sent),
        since,
      ),
      ...counter(
        'ca_push_requests',
        'Requests to a receiver.',
        each(({ counts }) => counts.requests),
        since,
      ),
      ...counter(
        'ca_push_retries',
        'Requests that had to be sent again.',
        each(({ counts }) => counts.retries),
        since,
      ),
      ...counter(
        'ca_push_points_lost',
        'Points that could not be delivered: the queue was full, or the receiver refused them.',
        this.ways.flatMap(({ delivery }) =>
          Object.entries(delivery.counts.lost).map(
            ([reason, points]) => [{ receiver: delivery.name, reason }, points] as const,
          ),
        ),
        since,
      ),
      ...gauge(
        'ca_push_queue_bytes',
        'What waits to be sent.',
        each(({ bytes }) => bytes),
      ),
    ];
  }

  private of(owned: Owned, time: number): Pushed {
    const { instrumentation } = owned;
    const id = fqid(instrumentation);
    const asked = JSON.stringify(instrumentation.export?.push ?? {});
    const known = this.pushed.get(id);
    if (known?.asked === asked) return known;
    // With other bounds it is another metric.
    if (known !== undefined) this.end(id);
    const { numeric, discrete } = breakdownOf(instrumentation);
    const naming = namingOf(instrumentation);
    const grid = gridOfInstrumentation(instrumentation);
    const bounds = exportBounds(instrumentation.export?.push ?? {}, instrumentation, 90);
    const out = new SeriesOut(
      numeric === undefined ? 1 : grid.size,
      bounds.keys,
      discrete !== undefined,
      time,
    );
    const one = { owned, asked, naming, grid, bounds, out, last: time };
    this.pushed.set(id, one);
    return one;
  }
}

function waysOf(settings: PushSettings, instance: string, log: Log): Way[] {
  const { otlp, remoteWrite, temporality, headers } = settings;
  const ways: Way[] = [];
  const add = (receiver: Receiver, encode: Way['encode']): void => {
    ways.push({ delivery: new Delivery(receiver, log), encode, encoded: Promise.resolve() });
  };
  if (otlp !== undefined) {
    const receiver = {
      name: 'otlp',
      url: otlp,
      headers: { ...headers, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      again: (status: number) => [429, 502, 503, 504].includes(status),
      refused: otlpRefused,
    };
    // Compress: most counts are 0, and all points have the same bounds, which is 50 times smaller.
    add(receiver, (points) => gzipAsync(otlpText(points, temporality, instance), FASTEST));
  }
  if (remoteWrite !== undefined) {
    const receiver = {
      name: 'remote_write',
      url: remoteWrite,
      headers: { ...headers, ...REMOTE_WRITE_HEADERS },
      again: (status: number) => status >= 500 || status === 429,
      refused: remoteWriteRefused,
    };
    add(receiver, remoteWriteBody);
  }
  return ways;
}

/** partialSuccess says how many points were refused; such a request is never sent again. */
function otlpRefused({ text }: Answer): { points: number; reason: string } | undefined {
  try {
    const { partialSuccess } = JSON.parse(text === '' ? '{}' : text) as {
      partialSuccess?: Record<string, unknown>;
    };
    const points = Number(partialSuccess?.['rejectedDataPoints'] ?? 0);
    return points > 0
      ? { points, reason: `refused ${points} points: ${JSON.stringify(partialSuccess?.['errorMessage'])}` }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A receiver of version 2 states how much it has written; without that it did not understand the request. */
function remoteWriteRefused(
  { headers }: Answer,
  points: number,
): { points: number; reason: string } | undefined {
  const of = (what: string): string | undefined => {
    const value = headers[`x-prometheus-remote-write-${what}-written`];
    return typeof value === 'string' ? value : undefined;
  };
  const [samples, histograms] = [of('samples'), of('histograms')];
  if (samples === undefined && histograms === undefined) {
    return { points, reason: 'does not understand remote write 2.0: see docs/interop.md for its flags' };
  }
  const missing = points - Number(samples ?? 0) - Number(histograms ?? 0);
  return missing > 0
    ? { points: missing, reason: `did not write ${missing} of ${points} points` }
    : undefined;
}

function common(
  { owned: { instrumentation: i }, naming }: Pushed,
  { key, since }: OutSeries,
  from: number,
  to: number,
): Omit<Outgoing, 'value'> {
  const { numeric } = breakdownOf(i);
  return {
    name: naming.name,
    plainName: ['ca', i.module, i.stat, ...(numeric === undefined ? [] : [numeric])].join('.'),
    help: naming.help,
    unit: naming.unit,
    labels: withoutName(labelsOf(naming, key)),
    from: 1000 * from,
    to: 1000 * to,
    since: 1000 * since,
  };
}

function pointOf(one: Pushed, series: OutSeries, time: number, granularity: number, wants: Wants): Outgoing {
  const { naming, owned } = one;
  const rest = common(one, series, time, time + granularity);
  if (naming.distribution) {
    // Copied: several slots may be settled at once, and the next one has the same arrays.
    const value = {
      kind: 'histogram' as const,
      of: wants.of ? histogram(one, series.newest) : NOTHING,
      total: wants.total ? histogram(one, series.total) : NOTHING,
    };
    return { ...rest, value };
  }
  const total =
    owned.instrumentation.valueScope === 'point' ? undefined : (series.total[0] ?? 0) / naming.perUnit;
  return { ...rest, value: { kind: 'number', of: (series.newest[0] ?? 0) / naming.perUnit, total } };
}

function histogram({ bounds, grid, naming }: Pushed, counts: Float64Array): OutgoingHistogram {
  return {
    counts: intervals(counts, bounds),
    uppers: bounds.uppers,
    sum: sumOf(counts, grid) / naming.perUnit,
  };
}

/** One millisecond after its newest point: a store keeps one point per timestamp. */
function endOf(one: Pushed, series: OutSeries): Outgoing {
  const at = one.last + 0.001;
  const { distribution } = one.naming;
  return {
    ...common(one, series, at, at),
    value: { kind: 'ended', histogram: distribution, uppers: one.bounds.uppers },
  };
}
