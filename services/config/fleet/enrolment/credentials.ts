/*
 * Nodes' credentials for the broker. In: a node's name. Out: a credential of its user, with the permissions of a node and no
 * more; and its revocation. Tokens are signed here and verified by the broker alone; passwords are made at the broker, through its management API.
 */
import { createHash, randomBytes } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { RenewedAnswer } from '../../../../common/api/join';
import { CaError, messageOf } from '../../../../common/service/errors';
import { permissionsOf, scopesOfNode, userOf } from '../../../../common/wire/identity';
import type { Routes } from '../../../../common/wire/route';
import type { TokenSigner } from './token-signer';

export interface CredentialIssuer {
  readonly kind: 'token' | 'password';
  /** How long a revoked credential may still be valid at the broker. */
  readonly livesOnMs: number;
  issue(host: string): Promise<RenewedAnswer>;
  /** Revokes the credential, as far as we can. */
  revoke(host: string): Promise<void>;
}

interface TokenIssuerOptions {
  readonly signer: TokenSigner;
  readonly routes: Pick<Routes, 'base' | 'exchanges' | 'prefix'>;
  readonly audience: string;
  readonly vhost: string;
  readonly lifetimeS: number;
  /** Milliseconds. */
  readonly now: () => number;
  /** With it, connections of a node that is revoked are closed. */
  readonly management?: Management | undefined;
}

export function tokenIssuer(options: TokenIssuerOptions): CredentialIssuer {
  const { signer, routes, audience, vhost, lifetimeS, now, management } = options;
  return {
    kind: 'token',
    livesOnMs: lifetimeS * 1000,
    issue(host) {
      const secret = signer.sign({
        user: userOf({ role: 'node', host }, routes.prefix),
        audience,
        scopes: scopesOfNode(host, routes, { audience, vhost }),
        now: Math.floor(now() / 1000),
        lifetimeS,
      });
      return Promise.resolve({ kind: 'token', secret, expiresIn: lifetimeS });
    },
    // It lives on at the broker until it expires; nobody here listens to it (inventory.ts).
    async revoke(host) {
      if (management === undefined) return;
      const user = userOf({ role: 'node', host }, routes.prefix);
      await manage(management, 'DELETE', ['connections', 'username', user]);
    },
  };
}

/** RabbitMQ's management API. */
export interface Management {
  /** With the administrator's user and password. */
  readonly url: string;
  readonly ca: () => string | undefined;
}

interface PasswordIssuerOptions {
  readonly management: Management;
  readonly routes: Pick<Routes, 'base' | 'exchanges' | 'prefix'> & Routes;
  readonly vhost: string;
}

export function passwordIssuer({ management, routes, vhost }: PasswordIssuerOptions): CredentialIssuer {
  const ask = (method: string, path: readonly string[], json?: unknown): Promise<number> =>
    manage(management, method, path, json);
  return {
    kind: 'password',
    livesOnMs: 0,
    async issue(host) {
      const user = userOf({ role: 'node', host }, routes.prefix);
      const secret = randomBytes(32).toString('hex');
      await ask('PUT', ['users', user], {
        password_hash: hashOf(secret),
        hashing_algorithm: 'rabbit_password_hashing_sha256',
        tags: '',
      });
      await ask('PUT', ['permissions', vhost, user], permissionsOf({ role: 'node', host }, routes));
      return { kind: 'password', secret };
    },
    async revoke(host) {
      // The broker closes the connections of a user that is deleted.
      await ask('DELETE', ['users', userOf({ role: 'node', host }, routes.prefix)]);
    },
  };
}

/** RabbitMQ's form: four bytes of salt, and the SHA-256 of these and the password. */
function hashOf(password: string): string {
  const salt = randomBytes(4);
  const digest = createHash('sha256').update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString('base64');
}

const ANSWER_MS = 5000;

/** Rejects with NO_RESOURCE, without the URL: it holds the administrator's password. */
function manage(
  { url: text, ca: authority }: Management,
  method: string,
  path: readonly string[],
  json?: unknown,
): Promise<number> {
  const url = new URL(text);
  const ca = authority();
  const body = json === undefined ? undefined : JSON.stringify(json);
  const options = {
    method,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 15_671 : 15_672) : Number(url.port),
    path: `/api/${path.map(encodeURIComponent).join('/')}`,
    auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    timeout: ANSWER_MS,
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      reject(
        new CaError('NO_RESOURCE', `the broker's management API cannot make or end users: ${why}`, {
          retryAfter: 5,
        }),
      );
    };
    const request =
      url.protocol === 'https:'
        ? requestOverTls({ ...options, ...(ca === undefined ? {} : { ca }) })
        : requestPlain(options);
    request.once('response', (answer) => {
      answer.resume();
      const { statusCode = 0 } = answer;
      // What is to be deleted and is not there is as good as deleted.
      if (statusCode < 300 || (statusCode === 404 && method === 'DELETE')) resolve(statusCode);
      else fail(`it answered ${statusCode} to ${method}`);
    });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', (error) => {
      fail(messageOf(error));
    });
    request.end(body);
  });
}
