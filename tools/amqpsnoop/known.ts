/*
 * Routing keys that are in use: where bindings have to go, as no wildcard reaches a direct exchange. In: what the
 * config service says, and every message that comes. Out: keys.
 */
import type { AnswerBody } from '../../common/wire/peer';
import type { Routes } from '../../common/wire/route';
import { rowsOf } from '../cli/system/survey';
import { fqidsOf, type Observed } from './observed';

/** All keys that the config service's status tells of. */
export function keysOfStatus(status: AnswerBody, routes: Routes): string[] {
  const members = ['aggregators', 'instrumenters'].flatMap((name) =>
    rowsOf(status[name]).map((row) => row['key']),
  );
  const data = rowsOf(status['instrumentations']).map((row) => routes.instrumentation(String(row['fqid'])));
  return [...fixedKeys(routes), ...members.filter((key) => typeof key === 'string'), ...data];
}

export function fixedKeys(routes: Routes): string[] {
  return [routes.config, routes.broadcast];
}

/** Senders have a key of their own, where answers go; instrumentations have one where values go. */
export function keysOfMessage(o: Observed, routes: Routes): string[] {
  const senders = o.from === '' ? [] : [o.from];
  return [...senders, ...fqidsOf(o).map((fqid) => routes.instrumentation(fqid))];
}
