/*
 * The target of a request: method, host, path and query, parsed once, before anything else. In: the raw request.
 * Out: the target that the gate checks and the router uses, or an error. Nothing else parses the request line or Host:
 * when two parsers disagree, one path is admitted and another one runs.
 *
 * The grammar is narrower than RFC 9112: names in a path are plain (no percent-escapes, no . or ..), and a query is
 * printable ASCII. Our clients send nothing else; other paths do not exist.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { CaError, invalid } from '../service/errors';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;
export type AnyMethod = (typeof METHODS)[number];

export interface Target {
  readonly method: AnyMethod;
  /** Name or address in lower case, without brackets and port; empty: an HTTP/1.0 request without Host. */
  readonly host: string;
  /** The Host header in lower case, with its port. */
  readonly authority: string;
  /** Without a trailing slash; `/` is the root. */
  readonly path: string;
  /** After the question mark, unchanged. */
  readonly search: string;
}

type Head = Pick<IncomingMessage, 'httpVersion' | 'method' | 'url' | 'headers' | 'rawHeaders'>;

/** Names of letters, digits, _, ~ and -, with single dots inside. Unambiguous, so matching takes linear time. */
const PATH = /^(?:\/|(?:\/[\w~-]+(?:\.[\w~-]+)*)+\/?)$/;
const PATH_LENGTH_MAX = 1024;
const QUERY = /^[!-"$-~]*$/;
const NAME = /^[a-z0-9_](?:[a-z0-9_.-]*)$/;
const HOST_LENGTH_MAX = 253 + ':65535'.length;

/** Greatest number of header lines; more are an attack. */
const HEADER_LINES_MAX = 100;

/** Throws INVALID, NOT_FOUND, METHOD_NOT_ALLOWED or TOO_MANY_HEADERS. */
export function readTarget({ httpVersion, method = '', url = '', headers, rawHeaders }: Head): Target {
  // Node.js accepts 0.9 and 2.0 as well, as if they were 1.1.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw invalid('HTTP version', 'must be 1.0 or 1.1');
  if (rawHeaders.length > 2 * HEADER_LINES_MAX) {
    throw new CaError('TOO_MANY_HEADERS', `a request has at most ${HEADER_LINES_MAX} header lines`);
  }
  const authority = (headers.host ?? '').toLowerCase();
  const host = readHost(authority, rawHeaders);
  if (!isMethod(method)) {
    throw new CaError('METHOD_NOT_ALLOWED', 'this method is not possible here', { allow: METHODS });
  }
  const mark = url.indexOf('?');
  const written = mark === -1 ? url : url.slice(0, mark);
  if (written.length > PATH_LENGTH_MAX || !PATH.test(written)) throw new CaError('NOT_FOUND');
  const path = written.length > 1 && written.endsWith('/') ? written.slice(0, -1) : written;
  const search = mark === -1 ? '' : url.slice(mark + 1);
  if (!QUERY.test(search)) throw invalid('query', 'must be percent-encoded: printable ASCII without #');
  return { method, host, authority, path, search };
}

function isMethod(method: string): method is AnyMethod {
  return (METHODS as readonly string[]).includes(method);
}

function readHost(authority: string, rawHeaders: readonly string[]): string {
  if (hostLines(rawHeaders) > 1) throw invalid('Host', 'must stand there once');
  if (authority === '') return '';
  if (authority.length > HOST_LENGTH_MAX) throw invalid('Host', 'is too long');
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.lastIndexOf(':');
  const name = end <= 0 ? authority : authority.slice(0, end);
  const port = end <= 0 ? '' : authority.slice(end);
  const inBrackets =
    name.endsWith(']') && name.startsWith('[') && isIPv6(name.slice(1, -1)) && !name.includes('%');
  if ((!inBrackets && !NAME.test(name)) || !isPort(port)) {
    throw invalid('Host', 'must be a name or an address, with or without a port');
  }
  return inBrackets ? name.slice(1, -1) : name;
}

/** Node.js keeps the first of several; a proxy before us may have used another one. */
function hostLines(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count;
}

function isPort(text: string): boolean {
  return text === '' || text === ':' || (/^:\d{1,5}$/.test(text) && Number(text.slice(1)) <= 65_535);
}
