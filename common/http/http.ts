/*
 * HTTP servers: our own table of routes in, a listening server out. Only importer of restify.
 * A handler gets a Request and returns a Reply, or throws a CaError; it never sees restify or node's objects,
 * except where it streams. Errors leave as {"error":{"code","message","field"?}}; texts of unknown errors stay inside.
 *
 * A request is read by target.ts, judged by `admit`, and only then handed to restify, as a path that was admitted and a
 * constant Host: restify's own reading of them can neither fail nor find another path.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { createServer, type Request as RestifyRequest, type Response as RestifyResponse } from 'restify';
import { CaError } from '../service/errors';
import { compressed } from './gzip';
import { readRequest, type Request } from './http-request';
import type { Log } from '../service/log';
import type { Reply } from './reply';
import { send, sendError } from './send';
import { METHODS, readTarget, type AnyMethod, type Target } from './target';
import { HTTPS_HEADERS, tlsOptions, type Certificate } from './tls';

export type { Certificate } from './tls';
export type { Request } from './http-request';
export type { Reply } from './reply';

/** Connections to one service. */
const CONNECTIONS = 10_000;
/** A request's headers must have come within this. */
const HEADERS_MS = 10_000;
/** A whole request must have come within this. */
export const REQUEST_MS = 30_000;
/** Check interval of these two. */
export const CHECK_MS = 2000;
/** A connection without a byte in either direction is closed after this: longer than any answer takes. */
const IDLE_MS = 90_000;
/** A whole answer, to a client that reads slowly. */
const ANSWER_MS = 300_000;
/** Requests still running when a service ends get this long. */
const DRAIN_MS = 1500;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** Path with :parameters; a last * takes the rest. GET answers HEAD too. */
  readonly path: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}

interface HttpOptions {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** A socket that is bound already: host and port are its own. */
  readonly fd?: number | undefined;
  readonly log: Log;
  /** On every answer, streamed ones too. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly admit?: Admit;
  /** Of a request at most; LIMITS.httpBodyBytes unless told otherwise. */
  readonly bodyBytes?: number;
  /** Answers reach no browser: they go without what browsers are told. */
  readonly bare?: boolean;
  /** The server speaks HTTPS. */
  readonly tls?: Certificate | undefined;
  /** Each request that was answered: its route as it stands in `routes`, its status, and how long that took, in seconds. */
  readonly observe?: (method: string, route: string, status: number, seconds: number) => void;
  /** For tests; the usual ones are in limits.ts. */
  readonly patience?: Partial<Patience>;
}

/**
 * Called before anything else, also for paths that do not exist: may set headers, and refuses by throwing or rejecting
 * with a CaError. What it returns is awaited where it is a promise.
 */
export type Admit = (
  target: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) => void | Promise<void>;

/** Milliseconds that a client may take. */
export interface Patience {
  /** For a request's headers, and for all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Interval at which these two are checked. */
  readonly checkMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** To take the whole answer. */
  readonly answerMs: number;
}

export interface HttpServer {
  readonly port: number;
  readonly address: AddressInfo;
  readonly counts: { requests: number; pending: number; byStatus: Map<number, number> };
  /** Connections from now on are made with this one. Throws when it is none, or not this key's. */
  renew(certificate: Certificate): void;
  close(): Promise<void>;
}

/** Nothing runs, loads or frames an answer, unless it says so itself (the page, the documentation). */
const FOR_BROWSERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
};

/** What restify makes a URL of. It never sees the client's. */
const CONSTANT_HOST = 'localhost';

/** Events of the server that are ours alone: restify's listeners would parse, continue or hand over the socket. */
const OWN_EVENTS = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'] as const;

/** A request on its way through restify, which knows nothing of its target. */
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
    answerMs: ANSWER_MS,
    ...options.patience,
  };
  const server = createServer({
    name: options.name,
    maxParamLength: 1024,
    ...(tls === undefined ? {} : { httpsServerOptions: tlsOptions(tls, patience.headersMs) }),
  });
  const node = server.server as NodeServer & { connectionsCheckingInterval: number };
  // Slow or huge requests end themselves: none keeps a connection, and there are only so many connections.
  node.headersTimeout = patience.headersMs;
  node.requestTimeout = patience.requestMs;
  node.connectionsCheckingInterval = patience.checkMs;
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
    outgoing.on('error', ignore); // the connection is gone, and with it whoever could be told
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
      // Another protocol is not spoken here (RFC 9110, section 7.8, lets a server go on), nor is anything after it.
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
  // Node.js hands the socket over and forgets it, time-outs and all.
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
  // What restify itself refuses (no such path) gets our form of error.
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

  // restify repeats the error as its own; one that nobody listens to would end the process.
  const emitter = server as unknown as EventEmitter;
  await new Promise<void>((resolve, reject) => {
    emitter.once('error', reject);
    if (options.fd !== undefined) node.listen({ fd: options.fd }, resolve);
    else node.listen(options.port, options.host, resolve);
  });
  // Later ones are of single connections, such as EMFILE on accept: the others go on.
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

/** All handlers of a path: GET serves HEAD as well (node leaves the body out), OPTIONS is answered for all. */
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
  // Two parameters exactly: restify takes a third one for a callback and then waits for it.
  add?.call(server, path, async (req: RestifyRequest, res: RestifyResponse) => handle(req, res));
}
