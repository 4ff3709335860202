/*
 * A node's client of the front door: to join, and to renew its credential. In: a URL, and trusted authorities. Out: JSON,
 * bounded in bytes and time; errors with the door's own message.
 */
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { CaError, ERRORS, invalid, messageOf, type ErrorCode } from '../service/errors';
import { isLoopback } from '../service/networks';

export interface Door {
  /** CA_DOOR. */
  readonly url: string;
  /** Trusted authorities as PEM; undefined: the system's. */
  readonly ca?: string | undefined;
  /** Accept any certificate: only for data that is verified afterwards. */
  readonly unchecked?: boolean;
}

interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

const ANSWER_BYTES = 256 * 1024;
const ANSWER_MS = 10_000;

export interface Answer {
  readonly json: unknown;
  /** Milliseconds by which the door's clock is ahead of ours, accurate to a second. */
  readonly clockMs: number | undefined;
}

/** Throws INVALID for plain HTTP to another machine: keys and tokens must not be sent unencrypted. */
export function checkDoorUrl(name: string, text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw invalid(name, 'must be the front door, such as https://ca.example:23181');
  const { protocol, hostname } = new URL(text);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol === 'http:' && host !== 'localhost' && !isLoopback(host))
    throw invalid(
      name,
      'must begin with https:// where it is another machine: tokens must not travel in the open',
    );
  return text;
}

/** Rejects with the door's own error; with NO_RESOURCE when it cannot be reached, TIMED_OUT when it does not answer. */
export function askDoor(door: Door, path: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', body, timeoutMs = ANSWER_MS } = asked;
  const url = new URL(path, door.url);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options = {
    method,
    headers: {
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    },
    agent: false as const,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(error instanceof CaError ? error : unreachable(door.url, error, timeoutMs));
    };
    const request =
      url.protocol === 'https:'
        ? requestOverTls(url, {
            ...options,
            ...(door.ca === undefined ? {} : { ca: door.ca }),
            rejectUnauthorized: door.unchecked !== true,
          })
        : requestPlain(url, options);
    request.once('error', fail);
    request.once('response', (answer) => {
      readAnswer(answer).then(resolve, fail);
    });
    request.end(text);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > ANSWER_BYTES)
      throw new CaError('INTERNAL', 'the answer is too long: is it Cloud Analytics?');
    pieces.push(piece);
  }
  const { statusCode = 0 } = answer;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw new CaError('INTERNAL', `answered ${statusCode} without JSON: is it Cloud Analytics?`);
  }
  if (statusCode < 200 || statusCode > 299) {
    const { error } = (json ?? {}) as { error?: { code?: unknown; message?: unknown } };
    const code = Object.keys(ERRORS).find((known) => known === error?.code) as ErrorCode | undefined;
    throw new CaError(
      code ?? 'INTERNAL',
      typeof error?.message === 'string' ? error.message.slice(0, 1000) : undefined,
    );
  }
  const date = Date.parse(answer.headers.date ?? '');
  return { json, clockMs: Number.isNaN(date) ? undefined : date - Date.now() };
}

function unreachable(url: string, error: unknown, timeoutMs: number): CaError {
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError')
    return new CaError('TIMED_OUT', `${url} did not answer within ${timeoutMs} ms`);
  const why =
    code === undefined
      ? messageOf(error)
      : (REASONS[code] ??
        (/CERT|SIGNATURE/.test(code) ? `its certificate is not trusted (${code})` : messageOf(error)));
  return new CaError('NO_RESOURCE', `${url} cannot be reached: ${why}`, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; fix: use that name in the URL',
};
