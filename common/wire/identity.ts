/*
 * Identities of broker users, and their permissions. In: a role and, for nodes and aggregators, a host.
 * Out: the user's name, its own keys, and its permissions at the broker (described in docs/trust.md).
 *
 * A user with any other name is shared: a client that knows its password can claim any identity.
 */
import type { Routes } from './route';

export const ROLES = ['node', 'aggregator', 'config', 'operator'] as const;
export type Role = (typeof ROLES)[number];

export type Identity =
  { readonly role: 'node' | 'aggregator'; readonly host: string } | { readonly role: 'config' | 'operator' };

/** Regular expressions of queue and exchange names, as RabbitMQ takes them. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Host names. No colon, which ends a key's own part, and no regular expression operators but ".". */
export const HOST = /^[\w.-]{1,200}$/;
/** One of several aggregators on a host. No "-", so that the end of the host's name is unambiguous. */
export const INSTANCE = /^\w{1,64}$/;

export function userOf(identity: Identity, prefix: string): string {
  const name = 'host' in identity ? `${identity.role}-${identity.host}` : identity.role;
  return prefix === '' ? name : `${prefix}.${name}`;
}

/** Undefined: no role of this deployment has this name. */
export function identityOfUser(user: string, prefix: string): Identity | undefined {
  const start = prefix === '' ? '' : `${prefix}.`;
  if (!user.startsWith(start)) return undefined;
  const name = user.slice(start.length);
  if (name === 'config' || name === 'operator') return { role: name };
  const [, role, host = ''] = /^(node|aggregator)-(.*)$/s.exec(name) ?? [];
  if (!HOST.test(host)) return undefined;
  return role === 'node' || role === 'aggregator' ? { role, host } : undefined;
}

/** The owner of a key; a colon and a suffix name a further queue of the same owner. */
export function identityOfKey(key: string, { base }: Pick<Routes, 'base'>): Identity | undefined {
  if (!key.startsWith(`${base}.`)) return undefined;
  const [own = ''] = key.slice(base.length + 1).split(':', 1);
  if (own === 'config') return { role: 'config' };
  if (own.startsWith('tool.')) return { role: 'operator' };
  const [, kind, name = ''] = /^(instrumenter|aggregator)\.(.*)$/s.exec(own) ?? [];
  if (kind === 'instrumenter') return HOST.test(name) ? { role: 'node', host: name } : undefined;
  const end = name.lastIndexOf('-');
  const host = name.slice(0, Math.max(end, 0));
  if (kind !== 'aggregator' || !HOST.test(host) || !INSTANCE.test(name.slice(end + 1))) return undefined;
  return { role: 'aggregator', host };
}

export function isSame(a: Identity, b: Identity): boolean {
  return a.role === b.role && ('host' in a ? a.host : '') === ('host' in b ? b.host : '');
}

/** Names that a node may use: its own queue, and the exchanges it sends to. */
function namesOfNode(
  host: string,
  { base, exchanges }: Pick<Routes, 'base' | 'exchanges'>,
): Readonly<Record<keyof Permissions, readonly string[]>> {
  const own = `${base}.instrumenter.${host}`;
  return { configure: [own], write: [exchanges.values, exchanges.up], read: [own] };
}

/** The same as OAuth 2 scopes, as RabbitMQ reads them: names, in which only "*" is special. */
export function scopesOfNode(
  host: string,
  routes: Pick<Routes, 'base' | 'exchanges'>,
  { audience, vhost }: { readonly audience: string; readonly vhost: string },
): string[] {
  return Object.entries(namesOfNode(host, routes)).flatMap(([permission, names]) =>
    names.map((name) => `${audience}.${permission}:${encodeURIComponent(vhost)}/${encodeURIComponent(name)}`),
  );
}

/** Least privileges of each role. */
export function permissionsOf(identity: Identity, { base, exchanges }: Routes): Permissions {
  const name = escaped(base);
  const { values, up, down } = {
    values: escaped(exchanges.values),
    up: escaped(exchanges.up),
    down: escaped(exchanges.down),
  };
  switch (identity.role) {
    case 'node': {
      const { configure, write, read } = namesOfNode(identity.host, { base, exchanges });
      return {
        configure: only(...configure.map(escaped)),
        write: only(...write.map(escaped)),
        read: only(...read.map(escaped)),
      };
    }
    case 'aggregator': {
      const own = `${name}\\.aggregator\\.${escaped(identity.host)}-[0-9A-Za-z_]+(:values)?`;
      // It binds its own queue of values, and asks nodes to resend missing values.
      return { configure: only(own), write: only(own, values, up, down), read: only(own, values) };
    }
    case 'config': {
      const own = `${name}\\.config(:.+)?`;
      const members = `${name}\\.(instrumenter|aggregator)\\..+`;
      return {
        configure: only(own, values, up, down),
        write: only(own, members, up, down),
        read: only(own, up, down),
      };
    }
    case 'operator': {
      const own = `${name}\\.tool\\..+`;
      return {
        configure: only(own, values, up, down),
        write: only(own, up, down),
        read: only(own, values, up, down, 'amq\\.rabbitmq\\.trace'),
      };
    }
  }
}

function only(...names: readonly string[]): string {
  return `^(${names.join('|')})$`;
}

/** Enough for names of letters, digits, "_", "-" and ".". */
function escaped(text: string): string {
  return text.replaceAll('.', '\\.');
}
