/*
 * HTTP servers. In: a table of routes. Out: a listening server. Only importer of restify.
 * A handler gets a Request and returns a Reply, or throws a CaError; it does not see restify's or Node's objects,
 * except to stream. Errors are sent as {"error":{"code","message","field"?}}; texts of unknown errors are not sent.
 *
 * A request is parsed by target.ts, checked by `admit`, and only then passed to restify, as the admitted path and a
 * constant Host: restify's own parsing of them can neither fail nor find another path.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { createServer, type Request as RestifyRequest, type Response as RestifyResponse } from 'restify';
import { CaError } from '../service/errors';
import { compressed } from './gzip';
import { readRequest, type Request } from './http-request';
import { keepAlive } from './keep-alive';
import type { Log } from '../service/log';
import type { Reply } from './reply';
import { send, sendError } from './send';
import { METHODS, readTarget, type AnyMethod, type Target } from './target';
import { HTTPS_HEADERS, tlsOptions, type Certificate } from './tls';

export type { Certificate } from './tls';
export type { Request } from './http-request';
export type { Reply } from './reply';

/** Greatest number of connections to one service. */
const CONNECTIONS = 10_000;
/** Time limit for a request's headers. */
const HEADERS_MS = 10_000;
/** Time limit for a whole request. */
export const REQUEST_MS = 30_000;
/** Check interval of these two. */
export const CHECK_MS = 2000;
/** A connection without a byte in either direction is closed after this: longer than any answer takes. */
const IDLE_MS = 90_000;
/** A connection between two requests is closed after this. */
const KEEP_ALIVE_MS = 5000;
/** Time limit for a whole answer to a slow reader. */
const ANSWER_MS = 300_000;
/** Requests still running when a service ends get this long. */
const DRAIN_MS = 1500;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** Path with :parameters; a final * matches the rest. GET answers HEAD too. */
  readonly path: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}

interface HttpOptions {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A bound socket, used instead of host and port. */
  readonly fd?: number | undefined;
  readonly log: Log;
  /** Headers of every answer, including streamed ones. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly admit?: Admit;
  /** Size limit of request bodies; default: BODY_BYTES. */
  readonly bodyBytes?: number;
  /** Answers reach no browser: omit the headers for browsers. */
  readonly bare?: boolean;
  /** The server speaks HTTPS. */
  readonly tls?: Certificate | undefined;
  /** Called for each answered request: its route as in `routes`, its status, and its duration in seconds. */
  readonly observe?: (method: string, route: string, status: number, seconds: number) => void;
  /** Time limits, for tests. */
  readonly patience?: Partial<Patience>;
}

/**
 * Called before anything else, also for unknown paths: may set headers, and refuses by throwing or rejecting
 * with a CaError. A returned promise is awaited.
 */
export type Admit = (
  target: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) => void | Promise<void>;

/** Time limits for clients, in milliseconds. */
export interface Patience {
  /** For the headers of a request, and for the whole request. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Interval at which these two are checked. */
  readonly checkMs: number;
  /** For a connection without a byte in either direction. */
  readonly idleMs: number;
  /** For a connection between two requests. */
  readonly keepAliveMs: number;
  /** For reading the whole answer. */
  readonly answerMs: number;
}

export interface HttpServer {
  readonly port: number;
  readonly address: AddressInfo;
  readonly counts: { requests: number; pending: number; byStatus: Map<number, number> };
  /** Uses this certificate for new connections. Throws when it is invalid, or the key does not belong to it. */
  renew(certificate: Certificate): void;
  close(): Promise<void>;
}

/** Nothing in an answer may run, load or be framed, unless its own headers allow it (the page, the documentation). */
const FOR_BROWSERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
};

/** The Host from which restify builds a URL. It never sees the client's. */
const CONSTANT_HOST = 'localhost';

/** Events of the server that only we handle: restify's listeners would parse, continue or hand over the socket. */
const OWN_EVENTS = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'] as const;

/** A request passed through restify, with its target. */
type Admitted = IncomingMessage & { [TARGET]?: Target };
const TARGET = Symbol('target');

/** Rejects with the system's error when the port is taken (EADDRINUSE). */
export async function serve(options: HttpOptions): Promise<HttpServer> {
  const { tls, log } = options;
  const patience: Patience = {
    headersMs: HEADERS_MS,
    requestMs: REQUEST_MS,
    checkMs: CHECK_MS,
    idleMs: IDLE_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    answerMs: ANSWER_MS,
    ...options.patience,
  };
  const server = createServer({
    name: options.name,
    maxParamLength: 1024,
    ...(tls === undefined ? {} : { httpsServerOptions: tlsOptions(tls, patience.headersMs) }),
  });
  const node = server.server as NodeServer & { connectionsCheckingInterval: number };
  // Slow or huge requests time out, so that none keeps one of the limited connections.
  node.headersTimeout = patience.headersMs;
  node.requestTimeout = patience.requestMs;
  node.connectionsCheckingInterval = patience.checkMs;
  node.keepAliveTimeout = patience.keepAliveMs;
  node.setTimeout(patience.idleMs);
  node.maxConnections = CONNECTIONS;
  const headers = Object.entries({
    ...(options.bare === true ? {} : FOR_BROWSERS),
    ...(tls === undefined ? {} : HTTPS_HEADERS),
    ...options.headers,
  });
  let closing = false;
  const counts = { requests: 0, pending: 0, byStatus: new Map<number, number>() };

  const answer = async (
    incoming: RestifyRequest,
    outgoing: RestifyResponse,
    handle: Route['handle'],
    route: string,
  ): Promise<void> => {
    const began = performance.now();
    counts.requests++;
    counts.pending++;
    const overdue = setTimeout(() => outgoing.destroy(), patience.answerMs);
    outgoing.once('close', () => {
      clearTimeout(overdue);
      counts.pending--;
      counts.byStatus.set(outgoing.statusCode, (counts.byStatus.get(outgoing.statusCode) ?? 0) + 1);
      const seconds = (performance.now() - began) / 1000;
      options.observe?.(incoming.method ?? '', route, outgoing.statusCode, seconds);
    });
    try {
      const target = (incoming as Admitted)[TARGET];
      if (target === undefined) throw new TypeError('a request that was not admitted');
      const params = incoming.params as Request['params'];
      const request = await readRequest(target, incoming, outgoing, params, options.bodyBytes);
      send(outgoing, await compressed(await handle(request), incoming.headers['accept-encoding']));
    } catch (error) {
      sendError(outgoing, error, log);
    }
  };

  const [run] = node.listeners('request') as ((
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ) => void)[];
  if (run === undefined) throw new TypeError('restify does not listen for requests');
  for (const event of OWN_EVENTS) node.removeAllListeners(event);

  const arrive = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    expects?: 'continue' | 'other',
  ): void => {
    outgoing.on('error', ignore); // the connection is gone, so nobody can be answered
    keepAlive(incoming, outgoing, patience);
    const hand = (target: Target): void => {
      if (outgoing.destroyed) return;
      if (expects === 'continue') outgoing.writeContinue();
      (incoming as Admitted)[TARGET] = target;
      incoming.url = target.path;
      incoming.headers.host = CONSTANT_HOST;
      run(incoming, outgoing);
    };
    const refuse = (error: unknown): void => {
      sendError(outgoing, error, log);
    };
    try {
      for (const [name, value] of headers) outgoing.setHeader(name, value);
      // Upgrade is ignored (RFC 9110, section 7.8, allows it), and nothing after this request is read.
      const { upgrade } = incoming.headers;
      if (closing || upgrade !== undefined || expects !== undefined)
        outgoing.setHeader('Connection', 'close');
      if (expects === 'other') throw new CaError('EXPECTATION_FAILED');
      const target = readTarget(incoming);
      const admitted = options.admit?.(target, incoming, outgoing);
      if (admitted === undefined) hand(target);
      else {
        admitted
          .then(() => {
            hand(target);
          })
          .catch(refuse);
      }
    } catch (error) {
      refuse(error);
    }
  };
  node.on('request', (incoming, outgoing) => {
    arrive(incoming, outgoing);
  });
  node.on('checkContinue', (incoming, outgoing) => {
    arrive(incoming, outgoing, 'continue');
  });
  node.on('checkExpectation', (incoming, outgoing) => {
    arrive(incoming, outgoing, 'other');
  });
  // Node.js hands over the socket and no longer applies time-outs to it.
  node.on('connect', (_incoming: IncomingMessage, socket: Socket) => {
    socket.on('error', ignore);
    socket.end('HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    socket.destroySoon();
  });

  for (const [path, handlers] of byPath(options.routes)) {
    const allow = METHODS.filter((method) => handlers.has(method));
    for (const method of METHODS) {
      const handle = handlers.get(method) ?? notAllowed(method, allow);
      register(server, method, path, (req, res) => answer(req, res, handle, path));
    }
  }
  // Errors of restify itself (no such path) get our form of error.
  server.on(
    'restifyError',
    (
      _req: unknown,
      res: ServerResponse & { _sent?: boolean },
      error: { statusCode?: number },
      done: () => void,
    ) => {
      sendError(res, (error.statusCode ?? 500) < 500 ? new CaError('NOT_FOUND') : error, log);
      res._sent = true; // restify's own mark: without it, it answers a second time
      done();
    },
  );

  // restify emits the error again; without a listener it would end the process.
  const emitter = server as unknown as EventEmitter;
  await new Promise<void>((resolve, reject) => {
    emitter.once('error', reject);
    if (options.fd !== undefined) node.listen({ fd: options.fd }, resolve);
    else node.listen(options.port, options.host, resolve);
  });
  // Later errors concern single connections, such as EMFILE on accept: the others go on.
  emitter.on('error', (error: unknown) => {
    log.warn({ err: error }, 'a connection could not be accepted');
  });
  return {
    port: (node.address() as AddressInfo).port,
    address: node.address() as AddressInfo,
    counts,
    renew: (certificate) => {
      if (tls !== undefined)
        (node as unknown as TlsServer).setSecureContext(tlsOptions(certificate, patience.headersMs));
    },
    close: () =>
      new Promise((resolve) => {
        closing = true;
        node.close(() => {
          resolve();
        });
        node.closeIdleConnections();
        setTimeout(() => {
          node.closeAllConnections();
        }, DRAIN_MS).unref();
      }),
  };
}

function ignore(): void {
  // Deliberately nothing.
}

/** All handlers of a path: GET serves HEAD as well (Node omits the body), OPTIONS is answered for all. */
function byPath(routes: readonly Route[]): Map<string, Map<AnyMethod, Route['handle']>> {
  const paths = new Map<string, Map<AnyMethod, Route['handle']>>();
  for (const { path, method, handle } of routes) {
    const handlers = paths.get(path) ?? new Map<AnyMethod, Route['handle']>();
    paths.set(path, handlers);
    handlers.set(method, handle);
    if (method === 'GET') handlers.set('HEAD', handle);
    handlers.set('OPTIONS', () => ({ status: 204, headers: { Allow: [...handlers.keys()].join(', ') } }));
  }
  return paths;
}

function notAllowed(method: AnyMethod, allow: readonly string[]): Route['handle'] {
  return () => {
    throw new CaError('METHOD_NOT_ALLOWED', `${method} is not possible here; allowed: ${allow.join(', ')}`, {
      allow,
    });
  };
}

function register(
  server: ReturnType<typeof createServer>,
  method: AnyMethod,
  path: string,
  handle: (req: RestifyRequest, res: RestifyResponse) => Promise<void>,
): void {
  const verb = {
    GET: 'get',
    HEAD: 'head',
    POST: 'post',
    PUT: 'put',
    DELETE: 'del',
    PATCH: 'patch',
    OPTIONS: 'opts',
  };
  // @types/restify 8.5 does not know the promise-returning handlers of restify 9 and later.
  const add = (server as unknown as Record<string, (path: string, handler: unknown) => void>)[verb[method]];
  // Exactly two parameters: restify would take a third one for a callback and wait for it.
  add?.call(server, path, async (req: RestifyRequest, res: RestifyResponse) => handle(req, res));
}
