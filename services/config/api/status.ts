/*
 * Status of the service, for people and monitors: the same over HTTP and over the bus. In: the service's state.
 * Out: one JSON object.
 */
import type { ConfigStatus, InstrumentationStatus } from '../../../common/api/status';
import { fqid } from '../../../common/model/instrumentation';
import type { HttpServer } from '../../../common/http/http';
import { LIMITS } from '../../../common/service/limits';
import { metricName } from '../../../common/model/metric';
import { printPredicate } from '../../../common/model/predicate/predicate';
import { PROTOCOL_VERSION } from '../../../common/wire/message';
import type { Bus } from '../fleet/bus';
import type { Config } from '../config';
import { fitting } from './fitting';
import type { Proxy } from '../door/upstream/proxy';

/** Rows of nodes: a status must fit into one message (LIMITS.messageBytes). */
const NODES_BYTES = 2048 * 1024;
/** Rows of instrumentations. */
const INSTRUMENTATIONS_BYTES = 1664 * 1024;
/** Nodes in trouble, of one instrumentation. */
const TROUBLED_NODES_BYTES = 16 * 1024;

/** Nodes that are silent for this long come first. */
const SILENT_MS = 2 * LIMITS.aliveEveryMs;

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

/** Times are milliseconds. */
export function statusOf({
  host,
  started,
  now,
  config,
  bus,
  proxy,
  http,
  memory,
}: StatusParts): ConfigStatus {
  const { members, reconciler } = config;
  const { loads } = reconciler;
  const { catalogues } = reconciler.standings;
  const rows = members.nodes
    .map((node) => ({ node, silentMs: members.silentMs(node.key) }))
    .sort((x, y) => Number(y.silentMs > SILENT_MS) - Number(x.silentMs > SILENT_MS))
    .slice(0, LIMITS.nodesShownMax)
    .map(({ node: { key, host: on, since, standing, version }, silentMs }) => {
      const known = catalogues.get(standing.catalogue);
      const working = known?.offers.filter((offer) => offer.fields !== undefined) ?? [];
      return {
        host: on,
        key,
        since,
        silentMs,
        ...(version === undefined ? {} : { version }),
        metrics: new Set(working.map((offer) => offer.metric)).size,
        sources: [...new Set(working.map((offer) => offer.source))],
      };
    });
  const nodes = fitting(rows, NODES_BYTES);
  const instrumentations = fitting(instrumentationRows(config), INSTRUMENTATIONS_BYTES);
  return {
    service: 'config',
    host,
    started,
    uptime: now - started,
    connected: bus.connected,
    bus: bus.health,
    // A node counts as online once its catalogue is known.
    online: {
      aggregators: members.aggregators.length,
      instrumenters: members.nodeCount - catalogues.unknown,
    },
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
    // Numbers of omitted rows: a status must fit into a message; the API lists all.
    unlisted: {
      instrumenters: members.nodeCount - nodes.rows.length,
      instrumentations: instrumentations.left,
    },
    conflicts: config.conflicts,
    // Members of other versions, which cannot take part until they, or this service, are updated.
    otherVersions: fitting(members.others.all, TROUBLED_NODES_BYTES).rows,
    rivals: [...members.rivals.all],
    inventory: config.inventory.summary,
    ...(config.trouble === undefined ? {} : { trouble: config.trouble }),
    protocol: PROTOCOL_VERSION,
    // Load of the front door's connections to each aggregator.
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
function instrumentationRows({ records, reconciler }: Config): InstrumentationStatus[] {
  const rows = [...records.values()].map(({ instrumentation: i }) => {
    const aggregators = reconciler.homesOf(fqid(i));
    const [aggregator] = reconciler.ranked(fqid(i));
    const trouble = reconciler.homeTrouble(fqid(i));
    // Only nodes in trouble: a large fleet's list would not fit into a message.
    const troubled = reconciler.troubledOf(fqid(i), LIMITS.nodesShown);
    const { rows: nodes } = fitting(troubled, TROUBLED_NODES_BYTES);
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
      aggregator: aggregator?.instance ?? aggregators[0] ?? '',
      aggregators,
      replicas: i.replicas ?? 1,
      ...(trouble === undefined ? {} : { trouble }),
      state: reconciler.countsOf(fqid(i)),
      nodes,
    };
  });
  const inTrouble = (row: (typeof rows)[number]): boolean =>
    row.trouble !== undefined || row.nodes.length > 0;
  return [...rows.filter(inTrouble), ...rows.filter((row) => !inTrouble(row))];
}
