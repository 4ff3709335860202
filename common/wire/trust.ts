/*
 * Who may say what. In: the user that the broker vouches for, and what a message says of its sender. Out: the sender, or
 * why the message is refused.
 *
 * Where services have users of their own roles, the broker's word counts and the message's must agree with it. Where all
 * share one user, nothing can be proved: the sender's key is believed, and status says so.
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

/** The one place that says which role may send which message. */
export function maySend(role: Role, type: MessageType | 'values'): boolean {
  return SENDERS[type].includes(role);
}

/** Different users of one broker that are remembered; others are looked at anew each time. */
const USERS_REMEMBERED = 200_000;

export class Trust {
  /** True: all share one user, whose name is no role's. */
  readonly shared: boolean;
  private readonly routes: Routes;
  private readonly known = new Map<string, Identity | undefined>();

  /** Throws when a user of a role is to be used for another: with it nothing would work. */
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

  /** Throws FORBIDDEN, with the reason, for who may not send this, or is not who it says. */
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

  /** The same for values, before they are read; `undefined` where all share one user: any node's. */
  valuesHost(user: string | undefined): string | undefined {
    const identity = this.vouchedFor(user);
    if (identity === undefined) return undefined;
    if (identity.role !== 'node') throw forbidden(user, 'may not send values');
    return identity.host;
  }

  /** Undefined: a shared user, where one is allowed. */
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
