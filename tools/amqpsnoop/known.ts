/*
 * Routing keys that are in use: where bindings have to go, as no wildcard reaches a direct exchange. In: what the
 * config service says, and every message that comes. Out: keys.
 */
import type { ConfigStatus } from '../../common/api/status';
import type { Routes } from '../../common/wire/route';
import { fqidsOf, type Observed } from './observed';

/** Keys that are bound to, or shown. */
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

/** Senders have a key of their own, where answers go; instrumentations have one where values go. */
export function keysOfMessage(o: Observed, routes: Routes): string[] {
  const senders = o.from === '' ? [] : [o.from];
  return [...senders, ...fqidsOf(o).map((fqid) => routes.instrumentation(fqid))];
}
