/*
 * Who may send what. In: the user that the broker verified, and the sender that a message claims. Out: the sender, or
 * why the message is refused.
 *
 * Where services have users of their own roles, the verified user counts and the message must agree with it. Where all
 * share one user, nothing can be proved: the sender's key is trusted, and status says so.
 */
import { CaError } from '../service/errors';
import { identityOfKey, identityOfUser, isSame, type Identity, type Role } from './identity';
import type { MessageType } from './message';
import type { Routes } from './route';

const SENDERS: Readonly<Record<MessageType | 'values', readonly Role[]>> = {
  values: ['node'],
  config_online: ['config'],
  beat: ['config'],
  aggregator_online: ['aggregator'],
  front_door: ['config'],
  instrumenter_online: ['node'],
  alive: ['node', 'aggregator'],
  offline: ['node', 'aggregator'],
  rival: ['node', 'aggregator'],
  enable_aggregation: ['config'],
  disable_aggregation: ['config'],
  gathers: ['config'],
  want_gathers: ['node'],
  content: ['config'],
  nodes: ['config'],
  resend: ['aggregator'],
  ping: ['aggregator', 'config', 'operator'],
  log: ['config', 'operator'],
  status: ['config', 'operator'],
  dump: ['config', 'operator'],
  abort: ['config', 'operator'],
  answer: ['node', 'aggregator', 'config', 'operator'],
};

/** Which role may send which message; decided only here. */
export function maySend(role: Role, type: MessageType | 'values'): boolean {
  return SENDERS[type].includes(role);
}

/** Size of the cache of user names; others are parsed each time. */
const USERS_REMEMBERED = 200_000;

export class Trust {
  /** True: all services share one user, whose name belongs to no role. */
  readonly shared: boolean;
  private readonly routes: Routes;
  private readonly known = new Map<string, Identity | undefined>();

  /** Throws when the user belongs to another role: nothing would work with it. */
  constructor(routes: Routes, user: string, key: string) {
    this.routes = routes;
    const own = identityOfUser(user, routes.prefix);
    const needed = identityOfKey(key, routes);
    this.shared = own === undefined;
    if (own !== undefined && needed !== undefined && !isSame(own, needed)) {
      throw new CaError(
        'INVALID',
        `CA_AMQP_URL has the user ${user}, which may not be ${key}; fix: give each service the user of its own role (docs/trust.md)`,
      );
    }
  }

  /** Throws FORBIDDEN, with the reason, if the sender may not send this, or is not who it claims. */
  sender(
    user: string | undefined,
    said: { readonly type: MessageType; readonly from: string; readonly host: string },
  ): Identity {
    const identity = this.vouchedFor(user) ?? identityOfKey(said.from, this.routes);
    const from = identityOfKey(said.from, this.routes);
    if (identity === undefined || from === undefined || !isSame(identity, from))
      throw forbidden(user, `may not speak as ${said.from}`);
    if ('host' in identity && identity.host !== said.host)
      throw forbidden(user, `may not speak for host ${said.host}`);
    if (!maySend(identity.role, said.type)) throw forbidden(user, `may not send ${said.type}`);
    return identity;
  }

  /** The same for values, before they are parsed; `undefined` where all share one user: values of any node. */
  valuesHost(user: string | undefined): string | undefined {
    const identity = this.vouchedFor(user);
    if (identity === undefined) return undefined;
    if (identity.role !== 'node') throw forbidden(user, 'may not send values');
    return identity.host;
  }

  /** Undefined: the shared user, where allowed. */
  private vouchedFor(user: string | undefined): Identity | undefined {
    if (user === undefined)
      throw new CaError('FORBIDDEN', 'nobody vouches for its sender: it has no user_id');
    let identity = this.known.get(user);
    if (identity === undefined && !this.known.has(user)) {
      identity = identityOfUser(user, this.routes.prefix);
      if (this.known.size < USERS_REMEMBERED) this.known.set(user, identity);
    }
    if (identity === undefined && !this.shared) throw forbidden(user, 'has no role here');
    return identity;
  }
}

function forbidden(user: string | undefined, what: string): CaError {
  return new CaError('FORBIDDEN', `user ${JSON.stringify(user ?? '').slice(0, 260)} ${what}`);
}
