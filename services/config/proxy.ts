/*
 * Values come from the aggregator that owns the instrumentation; this hands requests on to it. In: a request and
 * where it goes. Out: the aggregator's answer, streamed at the client's speed, nothing kept.
 */
import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { CaError, messageOf } from '../../common/errors';
import { FRONT_DOOR_HEADER } from '../../common/front-door';
import { gzipStream, isCompressible, takesGzip, weakTag } from '../../common/gzip';
import type { Reply, Request } from '../../common/http';
import { LIMITS } from '../../common/limits';

export interface Upstream {
  readonly httpHost: string;
  readonly httpPort: number;
}

export interface Proxy {
  /** Rejects with NO_RESOURCE or TIMED_OUT while nothing was sent; later the connection is cut. */
  forward(request: Request, upstream: Upstream, headers: Readonly<Record<string, string>>): Promise<Reply>;
  readonly counts: { forwarded: number; pending: number; failed: number };
  close(): void;
}

/** RFC 9110, section 7.6.1: these speak of one connection, not of the message. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** Who the client is to us is not the aggregator's business, and the body's length is set anew. */
const OURS = ['host', 'authorization', 'cookie', 'content-length', 'expect', FRONT_DOOR_HEADER];

/** `secret` shows aggregators that it is the front door that asks. */
export function createProxy(secret?: string): Proxy {
  const agent = new Agent({ keepAlive: true, maxSockets: LIMITS.proxyConnections, scheduling: 'lifo' });
  const counts = { forwarded: 0, pending: 0, failed: 0 };

  const attempt = (
    request: Request,
    { httpHost, httpPort }: Upstream,
    headers: OutgoingHttpHeaders,
    connections: Agent | false,
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const { outgoing } = request;
      const upstream = httpRequest({
        agent: connections,
        host: httpHost,
        port: httpPort,
        method: request.method,
        path: request.url,
        headers,
      });
      const timer = setTimeout(() => {
        upstream.destroy(
          new CaError('TIMED_OUT', 'the aggregator did not answer in time', { retryAfter: 1 }),
        );
      }, LIMITS.proxyAnswerMs);
      // A client that hangs up must not leave work behind at the aggregator.
      const abandon = (): void => {
        upstream.destroy();
      };
      outgoing.once('close', abandon);
      upstream.once('response', (answer) => {
        clearTimeout(timer);
        pass(answer, request);
        resolve({ streamed: true });
      });
      upstream.once('error', (error) => {
        clearTimeout(timer);
        outgoing.off('close', abandon);
        reject(Object.assign(error, { reused: upstream.reusedSocket }));
      });
      upstream.end(request.body);
    });

  return {
    counts,
    async forward(request, upstream, extra) {
      if (counts.pending >= LIMITS.proxyPending) {
        throw new CaError('NO_RESOURCE', 'too many requests wait for aggregators', { retryAfter: 1 });
      }
      counts.pending++;
      counts.forwarded++;
      request.outgoing.once('close', () => counts.pending--);
      const length = request.body.length > 0 ? { 'content-length': request.body.length } : {};
      const proof = secret === undefined ? {} : { [FRONT_DOOR_HEADER]: secret };
      const headers = { ...endToEnd(request.incoming, OURS), ...extra, ...length, ...proof };
      try {
        return await attempt(request, upstream, headers, agent);
      } catch (error) {
        const { outgoing } = request;
        if (outgoing.destroyed) return { streamed: true };
        // An idle connection may be closed at the other end just as we use it: reading again does no harm.
        if ((error as { reused?: boolean }).reused === true && !outgoing.headersSent) {
          return await attempt(request, upstream, headers, false).catch(fail);
        }
        return fail(error);
      }
    },
    close() {
      agent.destroy();
    },
  };

  function fail(error: unknown): never {
    counts.failed++;
    if (error instanceof CaError) throw error;
    throw new CaError('NO_RESOURCE', `the aggregator cannot be reached: ${messageOf(error)}`, {
      retryAfter: 1,
      cause: error,
    });
  }
}

/** At the client's speed: pipe holds the aggregator back while the client's side is full. */
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
  const target = smaller ? gzipStream() : outgoing;
  if (target !== outgoing) target.pipe(outgoing);
  answer.pipe(target);
  // Half an answer must not look like a whole one.
  answer.once('error', () => outgoing.destroy());
}

function endToEnd(message: IncomingMessage, alsoWithout: readonly string[] = []): OutgoingHttpHeaders {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const without = new Set([...HOP_BY_HOP, ...alsoWithout, ...named]);
  return Object.fromEntries(Object.entries(message.headers).filter(([name]) => !without.has(name)));
}
