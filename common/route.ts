/*
 * Routing keys on the direct exchange. In: who or what a message is for. Out: the exact key.
 * All keys carry the deployment's prefix, so that many deployments and tests share one broker.
 */

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
