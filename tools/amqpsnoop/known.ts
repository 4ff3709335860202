/*
 * Routing keys in use, each of which needs a binding, because direct exchanges have no wildcards. In: the
 * config service's status, and every received message. Out: keys.
 */
import type { ConfigStatus } from '../../common/api/status';
import type { Routes } from '../../common/wire/route';
import { fqidsOf, type Observed } from './observed';

/** Maximum number of keys that are bound or shown. */
export const KEYS = 20_000;

/** All keys that the config service's status names. */
export function keysOfStatus(
  { aggregators, instrumenters, instrumentations }: ConfigStatus,
  routes: Routes,
): string[] {
  return [
    ...fixedKeys(routes),
    ...[...aggregators, ...instrumenters].map(({ key }) => key),
    ...instrumentations.map(({ fqid }) => routes.instrumentation(fqid)),
  ];
}

export function fixedKeys(routes: Routes): string[] {
  return [routes.config, routes.broadcast];
}

/** A sender has a key for its answers; an instrumentation has one for its values. */
export function keysOfMessage(o: Observed, routes: Routes): string[] {
  const senders = o.from === '' ? [] : [o.from];
  return [...senders, ...fqidsOf(o).map((fqid) => routes.instrumentation(fqid))];
}
