/*
 * The front door of the second of a pair: passes each request on to the first, which answers it, so that clients may use
 * either. In: where the first is. Out: a listening HTTP server. Requests are checked by the same gate here, since for the
 * first all of them come from this machine.
 */
import { Agent, request as requestPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestOverTls } from 'node:https';
import { pipeline } from 'node:stream';
import { CaError } from '../../../common/service/errors';
import type { Log } from '../../../common/service/log';
import { healthRoutes } from '../../../common/http/health';
import {
  serve,
  type Admit,
  type HttpServer,
  type Method,
  type Reply,
  type Request,
} from '../../../common/http/http';
import type { CertificateFiles } from '../../../common/http/certificate-files';

interface StandbyOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: CertificateFiles | undefined;
  readonly gate: Admit;
  readonly log: Log;
  /** URL of the first one's front door; undefined: nobody has the lease. */
  readonly active: () => string | undefined;
  /** Trusted authority of its certificate, as PEM; undefined: the system's. */
  readonly authority: () => string | undefined;
  /** Why we could not take over now. */
  readonly trouble: () => string | undefined;
}

/** An answer begins within this: values wait for at most 15 s. */
const ANSWER_MS = 20_000;
/** Requests under way to the first one. */
const CONNECTIONS = 512;
/** Marks a passed-on request: two that take each other for the first would pass it on for ever. */
const PASSED_ON = 'x-ca-passed-on';
const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE'];
/** Of one connection, not of the request (RFC 9110, section 7.6.1), or ours to set. */
const NOT_PASSED = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authorization',
  'proxy-authenticate',
  'expect',
  'content-length',
  PASSED_ON,
];

export async function openStandby(options: StandbyOptions): Promise<HttpServer> {
  const { host, port, certificate, gate, log, active, trouble } = options;
  const agents = {
    'http:': new Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
    'https:': new TlsAgent({ keepAlive: true, maxSockets: CONNECTIONS }),
  };
  const passOn = async (request: Request): Promise<Reply> => {
    const to = active();
    if (to === undefined || request.headers[PASSED_ON] !== undefined)
      throw new CaError('NO_RESOURCE', 'no config service is active at the moment', { retryAfter: 1 });
    const answer = await ask(new URL(request.url, to), request, agents, options.authority());
    request.outgoing.writeHead(answer.statusCode ?? 502, kept(answer.headers));
    pipeline(answer, request.outgoing, () => undefined);
    return { streamed: true };
  };
  const server = await serve({
    name: 'cloud-analytics',
    host,
    port,
    tls: certificate?.current,
    admit: gate,
    log,
    routes: [
      ...healthRoutes(
        () => trouble() ?? (active() === undefined ? 'no config service is active' : undefined),
      ),
      ...METHODS.map((method) => ({ method, path: '/*', handle: passOn })),
    ],
  });
  certificate?.serve(server);
  return server;
}

function ask(
  url: URL,
  { method, headers, body, gone }: Request,
  agents: { readonly 'http:': Agent; readonly 'https:': TlsAgent },
  authority: string | undefined,
): Promise<IncomingMessage> {
  const options = {
    method,
    headers: {
      ...kept(headers),
      [PASSED_ON]: '1',
      ...(body.length === 0 ? {} : { 'content-length': body.length }),
    },
    signal: gone,
  };
  return new Promise((resolve, reject) => {
    const asked =
      url.protocol === 'https:'
        ? requestOverTls(url, {
            ...options,
            agent: agents['https:'],
            ...(authority === undefined ? {} : { ca: authority }),
          })
        : requestPlain(url, { ...options, agent: agents['http:'] });
    asked.setTimeout(ANSWER_MS, () => asked.destroy(new Error('no answer')));
    asked.once('response', resolve);
    asked.once('error', (error) => {
      reject(
        new CaError('NO_RESOURCE', 'the active config service does not answer', {
          retryAfter: 1,
          cause: error,
        }),
      );
    });
    asked.end(body);
  });
}

function kept(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !NOT_PASSED.includes(name) && !named.includes(name)),
  );
}
