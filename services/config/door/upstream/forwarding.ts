/*
 * What a forwarded request is made of. In: a client's request. Out: the headers that aggregators use, the key of equal
 * requests, whose share of an aggregator's places it takes; and the error when none answers. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from '../../../../common/http/http';
import { CaError, messageOf } from '../../../../common/service/errors';
import type { Share } from '../../../../common/service/limiter';
import { askerOf } from '../askers';

/** Headers that aggregators use; no others are forwarded. */
const PASSED_ON = ['accept', 'accept-encoding', 'if-none-match', 'content-type'] as const;

export function unreachable(error: unknown): CaError {
  return new CaError('NO_RESOURCE', `the aggregator cannot be reached: ${messageOf(error)}`, {
    retryAfter: 1,
    cause: error,
  });
}

/** Key of equal requests: everything that an aggregator uses. */
export function sameness({ method, body, url, headers }: Request, upstream: string): string | undefined {
  if (method !== 'GET' || body.length > 0) return undefined;
  return [upstream, url, ...PASSED_ON.map((name) => headers[name] ?? '')].join('\n');
}

/**
 * Shares by instrumentation (/ca/instrumentations/1 of …/value/raw): at most a third of the places; and by token, if there
 * are tokens: at most half, so that one client cannot take all places.
 */
export function sharesOf({ path, incoming }: Request): Share[] {
  const end = path.indexOf('/value');
  const asker = askerOf(incoming);
  const question = { name: end === -1 ? path : path.slice(0, end), perFree: 0.5 };
  return asker === undefined ? [question] : [question, { name: asker, perFree: 1 }];
}

/** Name, value, name, value, …: Node.js writes headers in this form directly, and sets those of an object one by one. */
export function pairsOf(
  { headers }: { headers: IncomingHttpHeaders },
  own: Readonly<Record<string, string>>,
): string[] {
  const pairs: string[] = [];
  for (const name in own) pairs.push(name, own[name] ?? '');
  for (const name of PASSED_ON) {
    const value = headers[name];
    if (value !== undefined) pairs.push(name, value);
  }
  return pairs;
}
