/*
 * The gate before every request checks Host, origin, version, token, and the holder's access to the path;
 * without tokens, that the connection belongs to root or our own user. In: the target and headers.
 * Out: nothing, or an error; headers for pages of allowed origins.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { JOIN_PATHS } from '../../../common/api/join';
import { CaError, invalid } from '../../../common/service/errors';
import { HEALTH_PATHS } from '../../../common/http/health';
import type { Admit } from '../../../common/http/http';
import type { Target } from '../../../common/http/target';
import { nothingBelongsTo, type Customers } from '../fleet/customers';
import type { Access } from './access';
import { setAsker } from './askers';
import type { LocalUsers } from './local-users';
import type { RateLimit } from './rate-limit';
import type { Holder, Tokens } from './tokens';

/** The version of the documentation that this API follows. */
export const API_VERSION = 'ca/0.1.8';

interface GateOptions {
  readonly access: Pick<Access, 'names' | 'origins' | 'behindProxy'>;
  /** undefined: local users that may enter are operators. A function: the file is read again on SIGHUP. */
  readonly tokens: () => Tokens | undefined;
  readonly customers: () => Customers;
  readonly attempts: RateLimit;
  /** Used without tokens; undefined: every client is an operator. */
  readonly localUsers: LocalUsers | undefined;
}

/** Paths without a token: health, and joining, which has its own proof. */
const OPEN_PATHS = [...HEALTH_PATHS, ...JOIN_PATHS];
const HARMLESS = ['GET', 'HEAD', 'OPTIONS'];

export function createGate({ access, tokens, customers, attempts, localUsers }: GateOptions): Admit {
  return (target, incoming, outgoing) => {
    checkHost(target, access.names);
    checkOrigin(target, incoming, outgoing, access.origins);
    checkVersion(incoming);
    // Browsers send preflight requests without a token; their answers reveal nothing.
    if (OPEN_PATHS.includes(target.path) || target.method === 'OPTIONS') return undefined;
    const known = tokens();
    if (known === undefined) return localUsers?.admit(incoming.socket);
    const holder = holderOf(incoming, outgoing, known, attempts, access.behindProxy);
    authorize(holder, target.path, customers());
    setAsker(incoming, holder.name);
    return undefined;
  };
}

/**
 * A foreign page can make its own name point at this address (DNS rebinding), and would then count as ours. The Host
 * header still has that name, so only known names pass; addresses cannot be rebound.
 */
function checkHost({ host }: Target, names: readonly string[]): void {
  if (isIP(host) !== 0 || names.includes(host) || host.endsWith('.localhost')) return;
  throw new CaError(
    'FORBIDDEN',
    `Host ${JSON.stringify(host)} is not a name of this service; CA_NAMES lists more`,
    { field: 'Host' },
  );
}

/** Other pages may read only if allowed; and a form of a foreign page must not change anything here. */
function checkOrigin(
  { method, authority }: Target,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origins: readonly string[],
): void {
  const { origin, 'sec-fetch-site': site } = incoming.headers;
  const isHarmless = HARMLESS.includes(method);
  if (origin === undefined) {
    // Browsers send Origin with every unsafe request; without it, Sec-Fetch-Site shows whose page it is.
    if (isHarmless || site === undefined || site === 'same-origin' || site === 'none') return;
    throw foreign('Sec-Fetch-Site');
  }
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
  const own = URL.canParse(origin) && new URL(origin).host === authority;
  if (!own && !isHarmless) throw foreign('Origin');
}

function foreign(field: string): CaError {
  return new CaError(
    'FORBIDDEN',
    'pages of other origins may not change anything here; CA_CORS can allow it',
    { field },
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
  attempts: RateLimit,
  behindProxy: boolean,
): Holder {
  const token = tokenOf(incoming.headers.authorization);
  const holder = token === undefined ? undefined : tokens.find(token);
  if (holder !== undefined) return holder;
  // Basic as well: browsers then ask their user, and send it with pictures and scripts too. In a line of its own, and
  // first: Chromium looks no further than that.
  outgoing.setHeader('WWW-Authenticate', [
    'Basic realm="Cloud Analytics", charset="UTF-8"',
    'Bearer realm="Cloud Analytics"',
  ]);
  if (token === undefined) throw new CaError('UNAUTHORIZED');
  const wait = attempts.failed(addressOf(incoming, behindProxy));
  if (wait > 0)
    throw new CaError('TOO_MANY', 'too many wrong tokens from this address', { retryAfter: wait });
  throw new CaError('UNAUTHORIZED', 'this token is not known');
}

/** Without a regular expression: blanks between the two words are the client's choice. */
function tokenOf(authorization = ''): string | undefined {
  const blank = authorization.indexOf(' ');
  const scheme = authorization.slice(0, Math.max(0, blank)).toLowerCase();
  const value = authorization.slice(blank + 1).trim();
  if (value === '' || value.includes(' ')) return undefined;
  if (scheme === 'bearer') return value;
  if (scheme !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1); // the name before the colon may be anything
}

/** A proxy appends the address it saw; what precedes it is the client's claim. */
export function addressOf(
  incoming: Pick<IncomingMessage, 'headers' | 'socket'>,
  behindProxy: boolean,
): string {
  const forwarded = behindProxy ? String(incoming.headers['x-forwarded-for'] ?? '') : '';
  const last = forwarded.split(',').at(-1)?.trim() ?? '';
  return last === '' ? (incoming.socket.remoteAddress ?? '') : last;
}

/** Customers reach their own scope, the page and the documentation; nothing else exists for them. */
function authorize({ customer }: Holder, path: string, customers: Customers): void {
  if (customer === undefined) return;
  const scope = `/ca/customers/${customer}`;
  const own = isBelow(path, scope);
  const shared =
    path === '/' || path.startsWith('/page/') || path === '/ca/openapi.json' || isBelow(path, '/ca/docs');
  if (!own && !shared) throw new CaError('FORBIDDEN', `this token reaches ${scope} and what is below it`);
  // A token may outlive its customer, whose former values it must not read.
  if (own && customers.get(customer) === undefined) throw nothingBelongsTo(customer);
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
