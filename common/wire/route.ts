/*
 * Routing keys, and the three direct exchanges that they belong to. In: who or what a message is for. Out: the exact key.
 * Exchanges are split by direction, so that the broker can control who writes and who reads each (identity.ts):
 *
 *     values   nodes write, aggregators read: the values of instrumentations
 *     up       everybody writes, config reads and binds: messages to the config service, aggregators, and tools
 *     down     config, aggregators and operators write, config reads and binds: messages to nodes, and the broadcast
 *
 * All names carry the deployment's prefix, so that many deployments and tests share one broker.
 * Next on the walk: peer.ts.
 */

export const EXCHANGE_KINDS = ['values', 'up', 'down'] as const;
export type ExchangeKind = (typeof EXCHANGE_KINDS)[number];

export interface Routes {
  /** Before the dot of every name of this deployment. */
  readonly base: string;
  readonly prefix: string;
  readonly exchanges: Readonly<Record<ExchangeKind, string>>;
  /** The well-known key of the config service. */
  readonly config: string;
  /** All members except tools and the config service listen here. */
  readonly broadcast: string;
  readonly aggregator: (instance: string) => string;
  readonly instrumenter: (host: string) => string;
  readonly tool: (host: string, pid: number) => string;
  /** Values of one instrumentation: bound by the aggregators that own it. */
  readonly instrumentation: (fqid: string) => string;
  /** Where a service sends messages to itself, to see whether an exchange works; through `up` it uses its own key. */
  readonly echo: (kind: 'values' | 'down', key: string) => string;
  /** The exchange of a key. The key determines it, so that binding and publishing use the same. */
  readonly kindOf: (key: string) => ExchangeKind;
  readonly exchangeOf: (key: string) => string;
}

export function routes(prefix: string): Routes {
  const base = prefix === '' ? 'ca' : `${prefix}.ca`;
  const start = `${base}.`;
  const exchanges = { values: `${base}.values`, up: `${base}.up`, down: `${base}.down` };
  const broadcast = `${base}.broadcast`;
  const kindOf = (key: string): ExchangeKind => {
    if (key.startsWith('instrumentation.', start.length)) return 'values';
    return key === broadcast || key.startsWith('instrumenter.', start.length) ? 'down' : 'up';
  };
  // No host's name contains a colon, and no instrumentation's the part before it.
  const echoes = { values: `${base}.instrumentation.echo:`, down: `${base}.instrumenter.echo:` };
  return {
    base,
    prefix,
    exchanges,
    config: `${base}.config`,
    broadcast,
    aggregator: (instance) => `${base}.aggregator.${instance}`,
    instrumenter: (host) => `${base}.instrumenter.${host}`,
    tool: (host, pid) => `${base}.tool.${host}.${pid}`,
    instrumentation: (fqid) => `${base}.instrumentation.${fqid}`,
    echo: (kind, key) => echoes[kind] + key.slice(start.length),
    kindOf,
    exchangeOf: (key) => exchanges[kindOf(key)],
  };
}
