/*
 * How the service is doing, for people and monitors: the same over HTTP and over the bus. In: all that is known.
 * Out: one JSON object.
 */
import { fqid } from '../../../common/model/instrumentation';
import type { HttpServer } from '../../../common/service/http';
import { LIMITS } from '../../../common/service/limits';
import { metricName } from '../../../common/model/metric';
import { printPredicate } from '../../../common/model/predicate';
import type { Bus } from '../fleet/bus';
import type { Config } from '../config';
import { fitting } from './fitting';
import type { Proxy } from '../door/proxy';

export interface StatusParts {
  readonly host: string;
  readonly started: number;
  readonly now: number;
  readonly config: Config;
  readonly bus: Bus;
  readonly proxy: Proxy;
  readonly http: HttpServer | undefined;
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

export interface Status extends Readonly<Record<string, unknown>> {
  readonly service: 'config';
}

/** Times are milliseconds. */
export function statusOf({ host, started, now, config, bus, proxy, http, memory }: StatusParts): Status {
  const { members, reconciler } = config;
  const { loads } = reconciler;
  const nodes = fitting(
    members.nodes.map(({ key, host: on, since, offers }) => {
      const working = offers.filter((offer) => offer.fields !== undefined);
      return {
        host: on,
        key,
        since,
        silentMs: members.silentMs(key),
        metrics: new Set(working.map((offer) => offer.metric)).size,
        sources: [...new Set(working.map((offer) => offer.source))],
      };
    }),
    LIMITS.statusNodesBytes,
  );
  const instrumentations = fitting(instrumentationRows(config), LIMITS.statusInstrumentationsBytes);
  return {
    service: 'config',
    host,
    started,
    uptime: now - started,
    connected: bus.connected,
    bus: bus.health,
    aggregators: members.aggregators.map(({ key, instance, host: on, httpHost, httpPort, since }) => ({
      instance,
      key,
      host: on,
      httpHost,
      httpPort,
      since,
      silentMs: members.silentMs(key),
      instrumentations: loads.get(instance) ?? 0,
    })),
    instrumenters: nodes.rows,
    instrumentations: instrumentations.rows,
    // Left out, so that a status is never larger than a message; the API lists all.
    unlisted: { instrumenters: nodes.left, instrumentations: instrumentations.left },
    conflicts: config.conflicts,
    // How busy the front door is with each aggregator.
    upstreams: proxy.upstreams,
    counts: {
      requests: http?.counts.requests ?? 0,
      pending: http?.counts.pending ?? 0,
      byStatus: Object.fromEntries(http?.counts.byStatus ?? []),
      forwarded: proxy.counts.forwarded,
      forwarding: proxy.counts.pending,
      forwardFailed: proxy.counts.failed,
      forwardRefused: proxy.counts.refused,
      messages: { ...bus.counts },
      rssBytes: memory.rss,
      heapBytes: memory.heapUsed,
    },
  };
}

/** The ones in trouble first. */
function instrumentationRows({ records, reconciler }: Config): Readonly<Record<string, unknown>>[] {
  const rows = [...records.values()].map(({ instrumentation: i, aggregator }) => {
    const trouble = reconciler.homeTrouble(fqid(i));
    const { rows: nodes } = fitting(
      // Where nothing is wrong the numbers say it all, and a big fleet's list would not fit into a message.
      reconciler
        .nodesOf(fqid(i))
        .filter(({ state, reason }) => ['failed', 'enabling'].includes(state) || isPartial(state, reason)),
      LIMITS.statusTroubledNodesBytes,
    );
    return {
      fqid: fqid(i),
      metric: metricName(i),
      decomposition: i.decomposition,
      predicate: printPredicate(i.predicate),
      granularity: i.granularity,
      'retention-time': i.retentionTime,
      'persist-data': i.persistData,
      enabled: i.enabled,
      crtime: i.crtime,
      aggregator,
      ...(trouble === undefined ? {} : { trouble }),
      state: reconciler.countsOf(fqid(i)),
      nodes,
    };
  });
  const inTrouble = (row: (typeof rows)[number]): boolean =>
    row.trouble !== undefined || row.nodes.length > 0;
  return [...rows.filter(inTrouble), ...rows.filter((row) => !inTrouble(row))];
}

/** Gathered there, but not all that was asked for. */
const isPartial = (state: string, reason: string | undefined): boolean =>
  state === 'enabled' && reason !== undefined;
