/*
 * Routing keys on the direct exchanges. In: who or what a message is for. Out: the exact key, and its exchange.
 * All keys carry the deployment's prefix, so that many deployments and tests share one broker.
 * Next on the walk: peer.ts.
 */

/** Everything but values; every broker has it. */
export const CONTROL_EXCHANGE = 'amq.direct';
/**
 * Values alone: for each key of a message RabbitMQ looks through all bindings of the exchange, and on the other one
 * there is one for each node (docs/wire.md has the measurements). Whoever connects declares it.
 */
export const VALUES_EXCHANGE = 'ca.values';
export const EXCHANGES = [CONTROL_EXCHANGE, VALUES_EXCHANGE] as const;

export interface Routes {
  /** The well-known key of the config service. */
  readonly config: string;
  /** Everybody but tools listens here. */
  readonly broadcast: string;
  readonly aggregator: (instance: string) => string;
  readonly instrumenter: (host: string) => string;
  readonly tool: (host: string, pid: number) => string;
  /** Values of one instrumentation: bound by the aggregator that owns it, unknown to everybody else. */
  readonly instrumentation: (fqid: string) => string;
}

export function routes(prefix: string): Routes {
  const base = prefix === '' ? 'ca' : `${prefix}.ca`;
  return {
    config: `${base}.config`,
    broadcast: `${base}.broadcast`,
    aggregator: (instance) => `${base}.aggregator.${instance}`,
    instrumenter: (host) => `${base}.instrumenter.${host}`,
    tool: (host, pid) => `${base}.tool.${host}.${pid}`,
    instrumentation: (fqid) => `${base}.instrumentation.${fqid}`,
  };
}

/** The exchange that a key belongs to: the key says it, so that nobody can bind on one and publish on the other. */
export function exchangeOf(key: string): (typeof EXCHANGES)[number] {
  return /(^|\.)ca\.instrumentation\./.test(key) ? VALUES_EXCHANGE : CONTROL_EXCHANGE;
}
