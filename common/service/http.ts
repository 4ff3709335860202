/*
 * HTTP servers: our own table of routes in, a listening server out. Only importer of restify.
 * A handler gets a Request and returns a Reply, or throws a CaError; it never sees restify or node's objects,
 * except where it streams. Errors leave as {"error":{"code","message","field"?}}; texts of unknown errors stay inside.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type Request as RestifyRequest, type Response as RestifyResponse } from 'restify';
import { CaError, invalid } from './errors';
import { compressed } from './gzip';
import { LIMITS } from './limits';
import type { Log } from './log';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** Path with :parameters; a last * takes the rest. GET answers HEAD too. */
  readonly path: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}

export interface Request {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly path: string;
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Query string; a form body is merged in, and wins. A name that stands there several times has all its texts. */
  readonly query: ReadonlyMap<string, string | readonly string[]>;
  /** A JSON body, parsed; undefined when there was none. */
  readonly json: unknown;
  readonly headers: IncomingMessage['headers'];
  /** Aborted when the client has gone away before it had its answer: whatever is done for it may end. */
  readonly gone: AbortSignal;
  /** For handlers that stream: node's own. */
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Body as it came, for forwarding. */
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON with a final newline. */
  readonly json?: unknown;
  readonly bytes?: Buffer | string;
  readonly contentType?: string;
  /** The handler has answered, or is answering, through request.outgoing. */
  readonly streamed?: boolean;
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
  /** Before anything else, also for paths that do not exist: may set headers, and refuses by throwing a CaError. */
  readonly admit?: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  /** PEM texts: the server speaks HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Each request that was answered: its route as it stands in `routes`, its status, and how long that took, in seconds. */
  readonly observe?: (method: string, route: string, status: number, seconds: number) => void;
  /** For tests; the usual ones are in limits.ts. */
  readonly patience?: Partial<Patience>;
}

/** How long a client may take, in milliseconds, for a request's headers and for all of it, and how often that is looked at. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly checkMs: number;
}

export interface HttpServer {
  readonly port: number;
  readonly address: AddressInfo;
  readonly counts: { requests: number; pending: number; byStatus: Map<number, number> };
  close(): Promise<void>;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;
type AnyMethod = (typeof METHODS)[number];

/** Rejects with the system's error when the port is taken (EADDRINUSE). */
export async function serve(options: HttpOptions): Promise<HttpServer> {
  const server = createServer({
    name: options.name,
    ignoreTrailingSlash: true,
    maxParamLength: 1024,
    ...(options.tls === undefined ? {} : { certificate: options.tls.cert, key: options.tls.key }),
  });
  const node = server.server as NodeServer & { connectionsCheckingInterval: number };
  // Slow or huge requests end themselves: none keeps a connection, and there are only so many connections.
  node.headersTimeout = options.patience?.headersMs ?? LIMITS.httpHeadersMs;
  node.requestTimeout = options.patience?.requestMs ?? LIMITS.httpRequestMs;
  node.connectionsCheckingInterval = options.patience?.checkMs ?? LIMITS.httpCheckMs;
  node.maxConnections = LIMITS.httpConnections;
  let closing = false;
  const counts = { requests: 0, pending: 0, byStatus: new Map<number, number>() };

  const answer = async (
    req: RestifyRequest,
    res: RestifyResponse,
    handle: Route['handle'],
    route: string,
  ): Promise<void> => {
    const began = performance.now();
    const [incoming, outgoing] = [req, res];
    counts.requests++;
    counts.pending++;
    outgoing.once('close', () => {
      counts.pending--;
      counts.byStatus.set(outgoing.statusCode, (counts.byStatus.get(outgoing.statusCode) ?? 0) + 1);
      const seconds = (performance.now() - began) / 1000;
      options.observe?.(incoming.method ?? '', route, outgoing.statusCode, seconds);
    });
    try {
      const request = await read(incoming, outgoing, req.params as Record<string, string>);
      send(outgoing, await compressed(await handle(request), incoming.headers['accept-encoding']));
    } catch (error) {
      sendError(outgoing, error, options.log);
    }
  };

  server.pre((req: RestifyRequest, res: RestifyResponse, next: (go?: false) => void) => {
    for (const [name, value] of Object.entries(options.headers ?? {})) res.setHeader(name, value);
    // Whoever asks again shall do so elsewhere, or of our successor.
    if (closing) res.setHeader('Connection', 'close');
    // Conditions on reading compare weakly (RFC 9110, section 13.1.2): a tag of the compressed form is the same tag.
    const tags = req.headers['if-none-match'];
    if (tags !== undefined) req.headers['if-none-match'] = tags.replace(/\bW\//g, '');
    try {
      if (!isPlainPath(req.url ?? '/')) throw new CaError('NOT_FOUND');
      options.admit?.(req, res);
      next();
    } catch (error) {
      sendError(res, error, options.log);
      next(false);
    }
  });

  for (const [path, handlers] of byPath(options.routes)) {
    const allow = METHODS.filter((method) => handlers.has(method));
    for (const method of METHODS) {
      const handle = handlers.get(method) ?? refuse(method, allow);
      register(server, method, path, (req, res) => answer(req, res, handle, path));
    }
  }
  // What restify itself refuses (no such path, a path that does not decode) gets our form of error.
  server.on(
    'restifyError',
    (
      _req: unknown,
      res: ServerResponse & { _sent?: boolean },
      error: { statusCode?: number },
      done: () => void,
    ) => {
      const known =
        error.statusCode === 400 ? invalid('path', 'cannot be decoded') : new CaError('NOT_FOUND');
      sendError(res, (error.statusCode ?? 500) < 500 ? known : error, options.log);
      res._sent = true; // restify's own mark: without it, it answers a second time
      done();
    },
  );

  await new Promise<void>((resolve, reject) => {
    // restify repeats the error as its own; one that nobody listens to would end the process.
    (server as unknown as EventEmitter).once('error', reject);
    if (options.fd !== undefined) node.listen({ fd: options.fd }, resolve);
    else node.listen(options.port, options.host, resolve);
  });
  return {
    port: (node.address() as AddressInfo).port,
    address: node.address() as AddressInfo,
    counts,
    close: () =>
      new Promise((resolve) => {
        closing = true;
        node.close(() => {
          resolve();
        });
        node.closeIdleConnections();
        setTimeout(() => {
          node.closeAllConnections();
        }, LIMITS.httpDrainMs).unref();
      }),
  };
}

/**
 * restify routes what the URL parser makes of a path: /a/../b, /a/%2e%2e/b and /a\\..\\b all become /b, and //x/b too.
 * Whoever looked at the path as it came, as admit does, would have decided about another one: such paths do not exist.
 */
function isPlainPath(url: string): boolean {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  // Nearly all are words between slashes: these need no parser.
  return WORDS.test(path) || isUnchangedByParser(path);
}

/** A dot only within a word: . and .. are what the parser would act upon. */
const WORDS = /^(?:\/[\w-]+(?:\.[\w-]+)*)+$/;

function isUnchangedByParser(path: string): boolean {
  return URL.canParse(path, 'http://h') && new URL(path, 'http://h').pathname === path;
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

function refuse(method: AnyMethod, allow: readonly string[]): Route['handle'] {
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

async function read(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  params: Readonly<Record<string, string>>,
): Promise<Request> {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const query = mark === -1 ? new Map<string, string | string[]>() : textsOf(url.slice(mark + 1));
  const body = hasBody(incoming) ? await readBody(incoming) : Buffer.alloc(0);
  const type = (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  let json: unknown;
  let gone: AbortSignal | undefined;
  if (body.length > 0) {
    if (type === 'application/json' || type.endsWith('+json')) json = parseJson(body);
    else if (type === 'application/x-www-form-urlencoded') {
      const text = body.toString('utf8');
      // `curl -d` calls everything a form; no name of a parameter begins like this.
      if (/^\s*[{[]/.test(text)) {
        throw new CaError(
          'UNSUPPORTED_TYPE',
          'the body looks like JSON: Content-Type must be application/json',
          {
            field: 'Content-Type',
          },
        );
      }
      for (const [name, texts] of textsOf(text)) query.set(name, texts);
    } else {
      throw new CaError(
        'UNSUPPORTED_TYPE',
        'Content-Type must be application/json or application/x-www-form-urlencoded',
        { field: 'Content-Type' },
      );
    }
  }
  return {
    method: incoming.method ?? 'GET',
    url,
    path: mark === -1 ? url : url.slice(0, mark),
    params,
    query,
    json,
    headers: incoming.headers,
    incoming,
    outgoing,
    body,
    get gone() {
      return (gone ??= goneSignal(outgoing));
    },
  };
}

function textsOf(form: string): Map<string, string | string[]> {
  const found = new Map<string, string | string[]>();
  for (const [name, text] of new URLSearchParams(form)) {
    const before = found.get(name);
    if (before === undefined) found.set(name, text);
    else if (typeof before === 'string') found.set(name, [before, text]);
    else before.push(text);
  }
  return found;
}

/** Made when somebody asks for it: most requests are answered before anybody could go away. */
function goneSignal(outgoing: ServerResponse): AbortSignal {
  if (outgoing.destroyed && !outgoing.writableFinished) return AbortSignal.abort();
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort();
  });
  return controller.signal;
}

function hasBody(incoming: IncomingMessage): boolean {
  return (
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0
  );
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const tooLarge = new CaError('TOO_LARGE', `the body is larger than ${LIMITS.httpBodyBytes} bytes`);
  if (Number(incoming.headers['content-length'] ?? 0) > LIMITS.httpBodyBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LIMITS.httpBodyBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    throw new CaError('INVALID', `the body is not JSON: ${(error as Error).message}`, { field: 'body' });
  }
}

function send(outgoing: ServerResponse, reply: Reply): void {
  if (reply.streamed === true || outgoing.destroyed) return;
  const bytes = reply.json === undefined ? reply.bytes : `${JSON.stringify(reply.json)}\n`;
  const type = reply.json === undefined ? reply.contentType : 'application/json';
  const headers: Record<string, string | number> = { ...reply.headers };
  if (type !== undefined) headers['Content-Type'] = type;
  if (bytes !== undefined) headers['Content-Length'] = Buffer.byteLength(bytes);
  outgoing.writeHead(reply.status ?? 200, headers);
  outgoing.end(bytes);
}

function sendError(outgoing: ServerResponse, error: unknown, log: Log): void {
  const known = error instanceof CaError ? error : new CaError('INTERNAL');
  if (known.status >= 500 && known.code === 'INTERNAL') log.error({ err: error }, 'a request failed');
  if (outgoing.headersSent) {
    outgoing.destroy(); // half an answer cannot be taken back: cutting the connection says so
    return;
  }
  const headers: Record<string, string> = {};
  if (known.retryAfter !== undefined) headers['Retry-After'] = String(known.retryAfter);
  if (known.allow !== undefined) headers['Allow'] = known.allow.join(', ');
  // An unread body would be taken for the next request.
  if (known.code === 'TOO_LARGE') headers['Connection'] = 'close';
  const { code, message, field } = known;
  const body = { error: { code, message, ...(field === undefined ? {} : { field }) } };
  send(outgoing, { status: known.status, headers, json: body });
}
