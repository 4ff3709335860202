/*
 * Settings of the front door's address and access control. In: the environment. Out: checked settings, or a sentence
 * that says why they are unsafe: beyond loopback they must have tokens, and TLS or a proxy with TLS.
 */
import { isIP } from 'node:net';
import { CaError, invalid } from '../../../common/service/errors';
import { isLoopback } from '../../../common/service/networks';
import type { Environment } from '../../../common/service/settings';

export interface Access {
  /** CA_BIND: address to listen on. */
  readonly bind: string;
  /** CA_TOKENS: file of token hashes; undefined: every admitted client is an operator. */
  readonly tokensFile: string | undefined;
  /** CA_CUSTOMERS: file that says what belongs to whom. */
  readonly customersFile: string | undefined;
  /** CA_TLS_CERT and CA_TLS_KEY: PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** CA_BEHIND_PROXY=1: a proxy in front does TLS, and adds X-Forwarded-For. */
  readonly behindProxy: boolean;
  /** CA_NAMES: accepted Host names, besides addresses, localhost and this host's own. */
  readonly names: readonly string[];
  /** CA_CORS: other origins whose pages may use the API; * for all. */
  readonly origins: readonly string[];
}

export function readAccess(env: Environment, host: string): Access {
  const bind = env['CA_BIND'] ?? '127.0.0.1';
  if (isIP(bind) === 0) throw invalid('CA_BIND', 'must be an IP address, such as 127.0.0.1 or 0.0.0.0');
  const [certFile, keyFile] = [fileOf(env, 'CA_TLS_CERT'), fileOf(env, 'CA_TLS_KEY')];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw invalid(
      certFile === undefined ? 'CA_TLS_CERT' : 'CA_TLS_KEY',
      'is needed too: certificate and key go together',
    );
  }
  const access: Access = {
    bind,
    tokensFile: fileOf(env, 'CA_TOKENS'),
    customersFile: fileOf(env, 'CA_CUSTOMERS'),
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    behindProxy: env['CA_BEHIND_PROXY'] === '1',
    names: ['localhost', host, ...listOf(env, 'CA_NAMES')].map((name) => name.toLowerCase()),
    origins: listOf(env, 'CA_CORS').map((origin) => originOf(origin)),
  };
  if (access.behindProxy && access.tokensFile === undefined) {
    throw invalid(
      'CA_BEHIND_PROXY',
      'needs CA_TOKENS: connections of a proxy do not say which user made them, so only tokens can',
    );
  }
  if (isLoopback(bind)) return access;
  if (access.tokensFile === undefined) {
    throw unsafe(`CA_BIND=${bind} needs CA_TOKENS: without tokens everybody who reaches it is an operator`);
  }
  if (access.tls === undefined && !access.behindProxy) {
    throw unsafe(
      `CA_BIND=${bind} needs CA_TLS_CERT and CA_TLS_KEY, or CA_BEHIND_PROXY=1 when a proxy in front does TLS: ` +
        'tokens must not travel in the open',
    );
  }
  return access;
}

function unsafe(why: string): CaError {
  return new CaError('INVALID', why, { field: 'CA_BIND' });
}

function fileOf(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === undefined || text === '' ? undefined : text;
}

function listOf(env: Environment, name: string): string[] {
  return (env[name] ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function originOf(text: string): string {
  if (text === '*') return text;
  if (!URL.canParse(text))
    throw invalid('CA_CORS', 'must be * or a list of origins, such as https://dash.example.com');
  return new URL(text).origin;
}
