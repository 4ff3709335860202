/*
 * Short-lived credentials of nodes: JSON Web Tokens that RabbitMQ's OAuth 2 plugin verifies by itself, with our public key. In: a
 * node's name. Out: a token, which is the password of its user. The key stays in the state; the broker has the public one.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { Storage } from '../../state/storage';

export interface Claims {
  /** RabbitMQ's user. */
  readonly user: string;
  /** RabbitMQ's resource_server_id. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Seconds since 1970. */
  readonly now: number;
  readonly lifetimeS: number;
}

export class TokenSigner {
  /** What the broker calls the key. */
  readonly id: string;
  readonly publicPem: string;
  private readonly key: KeyObject;

  /** The deployment's key, or a new one. */
  static async open(storage: Storage): Promise<TokenSigner> {
    const document = storage('signing-key.pem');
    let text = await document.read();
    if (text === undefined) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      await document.write(text);
    }
    return new TokenSigner(createPrivateKey(text));
  }

  private constructor(key: KeyObject) {
    this.key = key;
    this.publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    this.id = `cloud-analytics-${createHash('sha256').update(this.publicPem).digest('hex').slice(0, 8)}`;
  }

  /** No "not before": a broker whose clock is behind ours would refuse it. */
  sign({ user, audience, scopes, now, lifetimeS }: Claims): string {
    const claims = {
      iss: 'cloud-analytics',
      sub: user,
      client_id: user,
      aud: [audience],
      scope: scopes.join(' '),
      exp: now + lifetimeS,
    };
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', typ: 'JWT', kid: this.id })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }
}
