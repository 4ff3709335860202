/*
 * The gate before every request: is the Host ours, is the page that asks ours, is the version known, is the token good,
 * and may its holder go there. In: headers and path. Out: nothing, or an error; headers for pages of allowed origins.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { CaError, invalid } from '../../../common/service/errors';
import { HEALTH_PATHS } from '../../../common/service/health';
import type { Access } from './access';
import type { Attempts } from './rate-limit';
import type { Holder, Tokens } from './tokens';

/** The version of the documentation that this API follows. */
export const API_VERSION = 'ca/0.1.8';

interface GateOptions {
  readonly access: Pick<Access, 'names' | 'origins' | 'behindProxy'>;
  /** undefined: everybody is an operator. A function: the file is read anew on SIGHUP. */
  readonly tokens: () => Tokens | undefined;
  readonly attempts: Attempts;
}

export type Gate = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const HARMLESS = ['GET', 'HEAD', 'OPTIONS'];

export function createGate({ access, tokens, attempts }: GateOptions): Gate {
  return (incoming, outgoing) => {
    checkHost(incoming, access.names);
    checkOrigin(incoming, outgoing, access.origins);
    checkVersion(incoming);
    const path = (incoming.url ?? '/').split('?', 1)[0] ?? '/';
    const known = tokens();
    // A browser asks before it sends a token: the question itself gives nothing away.
    if (known === undefined || HEALTH_PATHS.includes(path) || incoming.method === 'OPTIONS') return;
    authorize(holderOf(incoming, outgoing, known, attempts, access.behindProxy), path);
  };
}

/**
 * A foreign page can make its own name point at this address (DNS rebinding), and would then count as ours. The Host
 * header still says that name, so only known names pass; an address is no name that anybody could bend.
 */
function checkHost(incoming: IncomingMessage, names: readonly string[]): void {
  const host = (incoming.headers.host ?? '').toLowerCase();
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
  if (isIP(name) !== 0 || names.includes(name) || name.endsWith('.localhost')) return;
  throw new CaError(
    'FORBIDDEN',
    `Host ${JSON.stringify(name)} is not a name of this service; CA_NAMES lists more`,
    {
      field: 'Host',
    },
  );
}

/** Other pages may read only where they are allowed to; and a form of a foreign page must not change anything here. */
function checkOrigin(incoming: IncomingMessage, outgoing: ServerResponse, origins: readonly string[]): void {
  const { origin, host } = incoming.headers;
  if (origin === undefined) return;
  if (origins.includes('*') || origins.includes(origin)) {
    outgoing.setHeader('Access-Control-Allow-Origin', origins.includes('*') ? '*' : origin);
    outgoing.setHeader('Access-Control-Allow-Methods', 'POST, GET, DELETE, PUT');
    outgoing.setHeader(
      'Access-Control-Allow-Headers',
      'Content-Type, Authorization, X-API-Version, If-None-Match',
    );
    outgoing.setHeader('Access-Control-Expose-Headers', 'Location, ETag, Retry-After, X-API-Version');
    return;
  }
  // Compared without the scheme: behind a proxy we do not know it.
  const own = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  if (own || HARMLESS.includes(incoming.method ?? '')) return;
  throw new CaError(
    'FORBIDDEN',
    'pages of other origins may not change anything here; CA_CORS can allow it',
    {
      field: 'Origin',
    },
  );
}

function checkVersion(incoming: IncomingMessage): void {
  const version = incoming.headers['x-api-version'];
  if (version === undefined || (typeof version === 'string' && /^ca\/\d+\.\d+\.\d+$/.test(version))) return;
  throw invalid('X-API-Version', `must be ca/ and three numbers, such as ${API_VERSION}`);
}

function holderOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  tokens: Tokens,
  attempts: Attempts,
  behindProxy: boolean,
): Holder {
  const token = tokenOf(incoming.headers.authorization);
  const holder = token === undefined ? undefined : tokens.find(token);
  if (holder !== undefined) return holder;
  // Basic as well: browsers then ask their user, and send it with pictures and scripts too.
  outgoing.setHeader('WWW-Authenticate', 'Bearer realm="Cloud Analytics", Basic realm="Cloud Analytics"');
  if (token === undefined) throw new CaError('UNAUTHORIZED');
  const wait = attempts.failed(addressOf(incoming, behindProxy));
  if (wait > 0)
    throw new CaError('TOO_MANY', 'too many wrong tokens from this address', { retryAfter: wait });
  throw new CaError('UNAUTHORIZED', 'this token is not known');
}

function tokenOf(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1); // the name before the colon may be anything
}

/** A proxy adds the address it saw at the end; what stands before that is the client's own word. */
function addressOf(incoming: IncomingMessage, behindProxy: boolean): string {
  const forwarded = behindProxy ? String(incoming.headers['x-forwarded-for'] ?? '') : '';
  const last = forwarded.split(',').at(-1)?.trim() ?? '';
  return last === '' ? (incoming.socket.remoteAddress ?? '') : last;
}

/** Customers reach their own scope, the page and the documentation; nothing else exists for them. */
function authorize(holder: Holder, path: string): void {
  if (holder.customer === undefined) return;
  const scope = `/ca/customers/${holder.customer}`;
  const own = path === scope || path.startsWith(`${scope}/`);
  const shared =
    path === '/' || path.startsWith('/page/') || path === '/ca/openapi.json' || path.startsWith('/ca/docs');
  if (!own && !shared) throw new CaError('FORBIDDEN', `this token reaches ${scope} and what is below it`);
}
