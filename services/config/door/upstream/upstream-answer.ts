/*
 * Filters an aggregator's answer at the front door. In: its status and headers. Out: those that clients get, or an
 * error. Clients trust what the door sends, including scripts and cookies: so only JSON, PNG and CSV pass, with
 * listed headers, and only from the aggregator that was asked.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { CaError } from '../../../../common/service/errors';
import { AGGREGATOR_HEADER, FRONT_DOOR_HEADER, isSame } from '../../../../common/http/front-door';

export interface PassedAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

const TYPES = ['application/json', 'image/png', 'text/csv'];

/** Headers that pass: each describes the answer, none the connection, none makes a browser act. */
const PASSED: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'etag',
  'vary',
  'retry-after',
  'allow',
]);
const OWN_PREFIX = 'x-ca-';
const NOT_PASSED: ReadonlySet<string> = new Set([AGGREGATOR_HEADER, FRONT_DOOR_HEADER]);

/** What routes of aggregators answer with; 401 and 403 are between the door and the aggregator. */
const STATUSES: ReadonlySet<number> = new Set([200, 304, 400, 404, 405, 406, 413, 415, 431, 500, 503]);

/** Throws NO_RESOURCE. */
export function readAnswer(
  { statusCode = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>,
  proof: string,
): PassedAnswer {
  const shown = headers[AGGREGATOR_HEADER];
  if (typeof shown !== 'string' || !isSame(shown, proof)) {
    throw refused(
      'the aggregator does not answer: what answers at its address does not prove that it is one',
    );
  }
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  const contentType = TYPES.find((known) => known === type.trim().toLowerCase());
  const encoding = headers['content-encoding'];
  if (
    !STATUSES.has(statusCode) ||
    (contentType === undefined && statusCode !== 304) ||
    (encoding !== undefined && encoding !== 'gzip')
  ) {
    throw refused('the aggregator answered neither JSON, nor CSV, nor a picture');
  }
  const passed: OutgoingHttpHeaders = {};
  for (const name in headers) {
    if (PASSED.has(name) || (name.startsWith(OWN_PREFIX) && !NOT_PASSED.has(name)))
      passed[name] = headers[name];
  }
  if (contentType !== undefined)
    passed['content-type'] = contentType === 'text/csv' ? 'text/csv; charset=utf-8' : contentType;
  if (headers['cache-control'] === 'no-cache') passed['cache-control'] = 'no-cache';
  return { status: statusCode, headers: passed };
}

function refused(why: string): CaError {
  return new CaError('NO_RESOURCE', why, { retryAfter: 1 });
}
