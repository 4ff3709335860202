/*
 * How nodes join the fleet. In: tokens that operators create, and nodes that present one. Out: each node's own credential, and the
 * inventory with it.
 *
 * A token is limited to names of hosts, a number of uses, and a time. It is not a credential: a node creates its own key,
 * of which only the hash is sent here, and renews with that. One name belongs to one key.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { JoinedAnswer, JoinTokenRow, MadeToken, RenewedAnswer } from '../../../../common/api/join';
import type { Clock } from '../../../../common/service/clock';
import { CaError, notFound } from '../../../../common/service/errors';
import type { Log } from '../../../../common/service/log';
import { fitsGlob } from '../../../../common/model/glob';
import type { FleetDraft, FleetStore, JoinToken } from '../../state/fleet-store';
import { saving } from '../../state/save';
import type { CredentialIssuer } from './credentials';
import { checkName, checkRoom, type Inventory } from './inventory';

interface EnrolmentOptions {
  readonly store: FleetStore;
  readonly inventory: Inventory;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Undefined: nodes get no credentials here. */
  readonly issuer: CredentialIssuer | undefined;
  /** What every node is told besides its credential. */
  readonly told: () => Pick<JoinedAnswer, 'brokers' | 'prefix' | 'brokerCa'>;
  readonly userOf: (host: string) => string;
  readonly isOnline: (host: string) => boolean;
}

const TOKENS_MAX = 1000;
const DEFAULT_EXPIRES_S = 3600;
/** Tokens that are over are listed for a day. */
const KEPT_MS = 24 * 3600 * 1000;

/** Does not reveal which part was wrong. */
const UNKNOWN = 'this token is not known, has expired, was used up, or was revoked';

export class Enrolment {
  private readonly o: EnrolmentOptions;

  constructor(options: EnrolmentOptions) {
    this.o = options;
  }

  get tokens(): JoinTokenRow[] {
    return [...this.o.store.state.tokens.values()].map((token) => rowOf(token));
  }

  async makeToken({
    hosts = ['*'],
    expires = DEFAULT_EXPIRES_S,
    uses = 1,
  }: {
    readonly hosts?: readonly string[];
    readonly expires?: number;
    readonly uses?: number;
  }): Promise<MadeToken> {
    this.issuer();
    const created = this.o.clock.now();
    const id = randomBytes(6).toString('hex');
    const secret = `${id}.${randomBytes(32).toString('hex')}`;
    const token: JoinToken = {
      id,
      hash: hashOf(secret),
      hosts: [...hosts],
      created,
      expires: created + expires * 1000,
      uses,
    };
    await this.save(({ tokens }) => {
      for (const { id: old, expires: over } of tokens.values())
        if (created - over > KEPT_MS) tokens.delete(old);
      if (tokens.size >= TOKENS_MAX)
        throw new CaError(
          'TOO_MANY',
          `there are ${tokens.size} tokens; fix: cactl enroll --revoke those not needed`,
        );
      tokens.set(id, token);
    });
    return { ...rowOf(token), token: secret };
  }

  /** Nodes that have joined with it stay. Throws NOT_FOUND. */
  async revokeToken(id: string): Promise<void> {
    await this.save(({ tokens }) => {
      if (!tokens.delete(id)) throw notFound(`token ${JSON.stringify(id)}`);
    });
  }

  /** Throws UNAUTHORIZED: the token is worth nothing; FORBIDDEN: not for this host; CONFLICT: the name is another's. */
  async join({
    token: secret,
    host,
    keyHash,
  }: {
    readonly token: string;
    readonly host: string;
    readonly keyHash: string;
  }): Promise<JoinedAnswer> {
    const issuer = this.issuer();
    const now = this.o.clock.now();
    const token = this.find(secret, now);
    checkName(host);
    if (!token.hosts.some((pattern) => fitsGlob(pattern, host)))
      throw new CaError('FORBIDDEN', `this token is not for a host named ${host}`, { field: 'host' });
    // Decided and written in one step: of two that come at once with the last use, one is refused.
    await this.save(({ tokens, nodes }) => {
      const current = tokens.get(token.id);
      if (current === undefined) throw new CaError('UNAUTHORIZED', UNKNOWN);
      const known = nodes.get(host);
      // The answer was lost on its way: the same node asks again.
      const isSameNode = known?.key !== undefined && isSame(known.key, keyHash) && known.state !== 'revoked';
      if (isSameNode && known.token === token.id) return;
      if (current.uses < 1) throw new CaError('UNAUTHORIZED', UNKNOWN);
      this.checkFree(host, known);
      if (known === undefined) checkRoom(nodes);
      tokens.set(token.id, { ...current, uses: current.uses - 1 });
      nodes.set(host, {
        host,
        joined: now,
        token: token.id,
        state: 'active',
        changed: now,
        credential: issuer.kind,
        key: keyHash,
      });
    });
    this.o.log.info({ node: host, token: token.id }, 'a node has joined');
    return { host, user: this.o.userOf(host), ...this.o.told(), ...(await issuer.issue(host)) };
  }

  /** Throws UNAUTHORIZED: there is no such node, or the key is not its own; FORBIDDEN: it is revoked. */
  async renew({ host, key }: { readonly host: string; readonly key: string }): Promise<RenewedAnswer> {
    const issuer = this.issuer();
    const node = this.o.store.state.nodes.get(host);
    if (node?.key === undefined || !isSame(node.key, hashOf(key)))
      throw new CaError('UNAUTHORIZED', 'no node has joined under this name with this key; fix: join again');
    if (node.state === 'revoked') throw new CaError('FORBIDDEN', `${host} is revoked`);
    if (issuer.kind === 'password')
      throw new CaError('CONFLICT', 'passwords are not renewed; fix: forget the node, and let it join again');
    return issuer.issue(host);
  }

  /** Throws CONFLICT: whoever has a credential that was revoked could speak for the next node of that name. */
  checkForgettable(host: string): void {
    const node = this.o.store.state.nodes.get(host);
    if (node?.state !== 'revoked' || node.credential === undefined) return;
    const left = node.changed + (this.o.issuer?.livesOnMs ?? 0) - this.o.clock.now();
    if (left <= 0) return;
    throw new CaError(
      'CONFLICT',
      `the last credential of ${host} ends in ${Math.ceil(left / 60_000)} minutes, and its name is free then; fix: wait, or give the machine another name`,
      { retryAfter: Math.ceil(left / 1000) },
    );
  }

  /** After it was revoked or forgotten: what the broker knows of it goes, too. */
  async end(host: string): Promise<void> {
    await this.o.issuer?.revoke(host);
  }

  private issuer(): CredentialIssuer {
    if (this.o.issuer !== undefined) return this.o.issuer;
    throw new CaError(
      'CONFLICT',
      'nodes cannot join here; fix: set CA_NODE_CREDENTIALS to token or password (docs/joining.md)',
    );
  }

  private find(secret: string, now: number): JoinToken {
    const presented = hashOf(secret);
    let found: JoinToken | undefined;
    // Always compare all, so that timing does not reveal a near match.
    for (const token of this.o.store.state.tokens.values()) if (isSame(token.hash, presented)) found = token;
    if (found === undefined || found.expires <= now) throw new CaError('UNAUTHORIZED', UNKNOWN);
    return found;
  }

  private checkFree(
    host: string,
    known: { readonly key?: string; readonly state: string } | undefined,
  ): void {
    if (known?.key !== undefined || known?.state === 'revoked')
      throw new CaError(
        'CONFLICT',
        `a node named ${host} has joined before; fix: cactl node forget ${host} if that one is gone, or give this one another name`,
      );
    if (this.o.isOnline(host))
      throw new CaError('CONFLICT', `a node named ${host} is here; fix: stop its instrumenter first`);
  }

  private save(apply: (draft: FleetDraft) => void): Promise<void> {
    return saving(this.o.log, this.o.store.change(apply));
  }
}

function rowOf({ hash: _hash, ...row }: JoinToken): JoinTokenRow {
  return row;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
