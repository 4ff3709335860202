/*
 * Services by their short names. In: "config", "aggregator.n1-0", "instrumenter.n1", a host, or a whole
 * routing key. Out: the routing key; and, from a key, the short name of its owner.
 */
import type { Routes } from '../../../common/wire/route';

export function keyOfService(name: string, routes: Routes): string {
  if (name === 'config') return routes.config;
  const match = /^(aggregator|instrumenter)[./:](.+)$/.exec(name);
  if (match !== null) {
    const [, kind, rest = ''] = match;
    return kind === 'aggregator' ? routes.aggregator(rest) : routes.instrumenter(rest);
  }
  const base = routes.config.slice(0, -'config'.length);
  return name.startsWith(base) || name.startsWith('ca.') ? name : routes.instrumenter(name);
}

/** ca.instrumenter.n1 → instrumenter.n1 */
export function serviceOfKey(key: string, routes: Routes): string {
  const base = routes.config.slice(0, -'config'.length);
  return key.startsWith(base) ? key.slice(base.length) : key;
}
