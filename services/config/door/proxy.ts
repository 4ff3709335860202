/*
 * Values come from the aggregator that owns the instrumentation; this hands requests on to it. In: a request and
 * where it goes. Out: the aggregator's answer, streamed at the client's speed, nothing kept.
 * Next on the walk: www/pictures.ts.
 */
import {
  request as httpRequest,
  type Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { CaError, invalid, messageOf } from '../../../common/service/errors';
import { FRONT_DOOR_HEADER } from '../../../common/service/front-door';
import { gzipStream, isCompressible, takesGzip, weakTag } from '../../../common/service/gzip';
import type { Reply, Request } from '../../../common/service/http';
import { LIMITS } from '../../../common/service/limits';
import { fire, flightNumber } from '../../../common/service/probes';
import {
  nameOf,
  Upstream,
  UPSTREAM_LIMITS,
  type Address,
  type UpstreamLimits,
  type UpstreamState,
} from './upstream';

export interface Proxy {
  /** Rejects with NO_RESOURCE or TIMED_OUT while nothing was sent; later the connection is cut. */
  forward(request: Request, to: Address, headers: Readonly<Record<string, string>>): Promise<Reply>;
  /** Asks on our own behalf, and has the whole answer; rejects as `forward` does, and when it is longer than `bytesMax`. */
  ask(to: Address, path: string, json: unknown, gone: AbortSignal, bytesMax: number): Promise<Answered>;
  readonly counts: { forwarded: number; pending: number; failed: number; refused: number };
  /** Of each aggregator: how busy it is, and whether it answers. */
  readonly upstreams: readonly UpstreamState[];
  /** No aggregator takes any more requests now. */
  readonly saturated: boolean;
  close(): void;
}

export interface Answered {
  readonly status: number;
  readonly body: Buffer;
}

interface ProxyOptions {
  /** Shows aggregators that it is the front door that asks. */
  readonly secret?: string | undefined;
  readonly limits?: Partial<UpstreamLimits>;
  readonly changed?: (address: string, out: boolean) => void;
}

/** RFC 9110, section 7.6.1: these speak of one connection, not of the message. */
const BETWEEN_NEIGHBOURS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Who the client is to us is not the aggregator's business, and the body's length is set anew. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  ...BETWEEN_NEIGHBOURS,
  'host',
  'authorization',
  'cookie',
  'content-length',
  'expect',
  FRONT_DOOR_HEADER,
]);

export function createProxy({ secret, limits, changed = () => undefined }: ProxyOptions = {}): Proxy {
  const counts = { forwarded: 0, pending: 0, failed: 0, refused: 0 };
  const proof = secret === undefined ? {} : { [FRONT_DOOR_HEADER]: secret };
  /** Least recently used first. */
  const upstreams = new Map<string, Upstream>();

  const upstreamOf = (address: Address): Upstream => {
    const name = nameOf(address);
    const known = upstreams.get(name) ?? new Upstream(address, { ...UPSTREAM_LIMITS, ...limits }, changed);
    upstreams.delete(name);
    upstreams.set(name, known);
    for (const [old, upstream] of upstreams) {
      if (upstreams.size <= LIMITS.proxyUpstreams) break;
      if (!upstream.idle) continue;
      upstream.close();
      upstreams.delete(old);
    }
    return known;
  };

  const attempt = (
    request: Request,
    { httpHost, httpPort }: Address,
    upstream: Upstream,
    headers: readonly string[],
    connections: Agent | false,
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { outgoing } = request;
      const asked = httpRequest({
        agent: connections,
        host: httpHost,
        port: httpPort,
        method: request.method,
        path: request.url,
        headers,
      });
      const { doubtMs, answerMs } = upstream.limits;
      const doubt = setTimeout(() => {
        upstream.doubt();
      }, doubtMs);
      const timer = setTimeout(() => {
        asked.destroy(new CaError('TIMED_OUT', 'the aggregator did not answer in time', { retryAfter: 1 }));
      }, answerMs);
      // A client that hangs up must not leave work behind at the aggregator.
      const abandon = (): void => {
        asked.destroy();
      };
      outgoing.once('close', abandon);
      const settled = (): void => {
        clearTimeout(doubt);
        clearTimeout(timer);
      };
      asked.once('response', (answer) => {
        settled();
        upstream.succeeded();
        pass(answer, request);
        resolve({ streamed: true });
      });
      asked.once('error', (error) => {
        settled();
        outgoing.off('close', abandon);
        reject(Object.assign(error, { reused: asked.reusedSocket }));
      });
      // Even an empty body would be a second piece to write.
      if (request.body.length > 0) asked.end(request.body);
      else asked.end();
    });

  return {
    counts,
    get upstreams() {
      return [...upstreams.values()].map(({ state }) => state);
    },
    get saturated() {
      return upstreams.size > 0 && [...upstreams.values()].every((upstream) => upstream.saturated);
    },
    async forward(request, address, extra) {
      const upstream = upstreamOf(address);
      const { outgoing } = request;
      try {
        await upstream.enter(request);
      } catch (error) {
        counts.refused++;
        throw error;
      }
      if (outgoing.destroyed) {
        upstream.leave();
        return { streamed: true };
      }
      counts.pending++;
      counts.forwarded++;
      const flight = flightNumber();
      const { socket } = request.incoming;
      const sentBefore = socket.bytesWritten;
      fire('proxy-start', () => [flight, request.method, request.url]);
      outgoing.once('close', () => {
        counts.pending--;
        upstream.leave();
        fire('proxy-done', () => [
          flight,
          outgoing.headersSent ? outgoing.statusCode : 0,
          socket.bytesWritten - sentBefore,
        ]);
      });
      const length = request.body.length > 0 ? { 'content-length': request.body.length } : {};
      const host = { host: nameOf(address) };
      const passed = endToEnd(request.incoming, NOT_PASSED_ON);
      const headers = asPairs({ ...host, ...passed, ...extra, ...length, ...proof });
      const fail = (error: unknown): never => {
        counts.failed++;
        upstream.failed();
        if (error instanceof CaError) throw error;
        throw new CaError('NO_RESOURCE', `the aggregator cannot be reached: ${messageOf(error)}`, {
          retryAfter: 1,
          cause: error,
        });
      };
      try {
        return await attempt(request, address, upstream, headers, upstream.agent);
      } catch (error) {
        if (outgoing.destroyed) return { streamed: true };
        // An idle connection may be closed at the other end just as we use it: reading again, once, does no harm.
        if ((error as { reused?: boolean }).reused === true && !outgoing.headersSent) {
          return await attempt(request, address, upstream, headers, false).catch(fail);
        }
        return fail(error);
      }
    },
    async ask(address, path, json, gone, bytesMax) {
      const upstream = upstreamOf(address);
      await upstream.enter({ gone }).catch((error: unknown) => {
        counts.refused++;
        throw error;
      });
      counts.pending++;
      counts.forwarded++;
      try {
        return await wholeAnswer(upstream, address, path, { json, gone, bytesMax, proof });
      } catch (error) {
        counts.failed++;
        if (error instanceof CaError || gone.aborted) throw error;
        upstream.failed();
        throw new CaError('NO_RESOURCE', `the aggregator cannot be reached: ${messageOf(error)}`, {
          retryAfter: 1,
          cause: error,
        });
      } finally {
        counts.pending--;
        upstream.leave();
      }
    },
    close() {
      for (const upstream of upstreams.values()) upstream.close();
      upstreams.clear();
    },
  };
}

interface Asked {
  readonly json: unknown;
  readonly gone: AbortSignal;
  readonly bytesMax: number;
  readonly proof: Readonly<Record<string, string>>;
}

function wholeAnswer(
  upstream: Upstream,
  { httpHost: host, httpPort: port }: Address,
  path: string,
  { json, gone, bytesMax, proof }: Asked,
): Promise<Answered> {
  const body = Buffer.from(JSON.stringify(json));
  const { doubtMs, answerMs } = upstream.limits;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, ...proof };
    const asked = httpRequest({
      agent: upstream.agent,
      host,
      port,
      method: 'POST',
      path,
      headers,
      signal: gone,
    });
    const doubt = setTimeout(() => {
      upstream.doubt();
    }, doubtMs);
    const timer = setTimeout(() => {
      asked.destroy(new CaError('TIMED_OUT', 'the aggregator did not answer in time', { retryAfter: 1 }));
    }, answerMs);
    const settled = (): void => {
      clearTimeout(doubt);
      clearTimeout(timer);
    };
    asked.once('response', (answer) => {
      clearTimeout(doubt);
      upstream.succeeded();
      const pieces: Buffer[] = [];
      let length = 0;
      answer.on('data', (piece: Buffer) => {
        length += piece.length;
        if (length > bytesMax)
          asked.destroy(invalid('query', `makes an answer of more than ${bytesMax} bytes`));
        else pieces.push(piece);
      });
      answer.once('end', () => {
        settled();
        resolve({ status: answer.statusCode ?? 502, body: Buffer.concat(pieces) });
      });
      answer.once('error', reject);
    });
    asked.once('error', (error) => {
      settled();
      reject(error);
    });
    asked.end(body);
  });
}

/** Name, value, name, value, …: headers in this form are written as they stand, an object's are first set one by one. */
function asPairs(headers: OutgoingHttpHeaders): string[] {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(headers)) pairs.push(name, String(value));
  return pairs;
}

/** At the client's speed: the aggregator is held back while the client's side is full. */
function pass(answer: IncomingMessage, { headers: asked, outgoing, method }: Request): void {
  const headers = endToEnd(answer);
  const { vary, etag } = answer.headers;
  const length = Number(answer.headers['content-length'] ?? Infinity);
  const smaller =
    isCompressible(answer.headers['content-type']) &&
    answer.headers['content-encoding'] === undefined &&
    length >= LIMITS.gzipBytesMin &&
    takesGzip(asked['accept-encoding']) &&
    method !== 'HEAD' &&
    answer.statusCode === 200;
  if (smaller) {
    delete headers['content-length'];
    Object.assign(headers, {
      'content-encoding': 'gzip',
      vary: vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`,
      ...(etag === undefined ? {} : { etag: weakTag(etag).ETag }),
    });
  }
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  if (smaller) answer.pipe(gzipStream()).pipe(outgoing);
  else copy(answer, outgoing);
  // Half an answer must not look like a whole one.
  answer.once('error', () => outgoing.destroy());
}

/** As pipe does it, with three listeners instead of ten: most answers are one piece. */
function copy(answer: IncomingMessage, outgoing: ServerResponse): void {
  answer.on('data', (piece: Buffer) => {
    // A client that has gone: `abandon` ends the rest.
    if (outgoing.destroyed || outgoing.write(piece)) return;
    answer.pause();
    outgoing.once('drain', () => answer.resume());
  });
  answer.once('end', () => {
    if (!outgoing.destroyed) outgoing.end();
  });
}

/** What the two ends say to each other; whatever `Connection` names is between neighbours, too. */
function endToEnd(
  message: IncomingMessage,
  without: ReadonlySet<string> = BETWEEN_NEIGHBOURS,
): OutgoingHttpHeaders {
  const { connection } = message.headers;
  // One plain word is by far the most common; it names no header.
  const named =
    connection === undefined || connection === 'keep-alive' || connection === 'close'
      ? []
      : connection.split(',').map((name) => name.trim().toLowerCase());
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (!without.has(name) && !named.includes(name)) headers[name] = value;
  }
  return headers;
}
