import { ROLES, userOf, type Identity, type Role } from './identity';
import { MESSAGE_TYPES, type MessageType } from './message';
import { routes } from './route';
import { maySend, Trust } from './trust';

const keys = routes('');
const IDENTITIES: Readonly<Record<Role, Identity>> = {
  node: { role: 'node', host: 'n1' },
  aggregator: { role: 'aggregator', host: 'h1' },
  config: { role: 'config' },
  operator: { role: 'operator' },
};
const FROM: Readonly<Record<Role, string>> = {
  node: keys.instrumenter('n1'),
  aggregator: keys.aggregator('h1-0'),
  config: keys.config,
  operator: keys.tool('desk', 7),
};
const said = (role: Role, type: MessageType): { type: MessageType; from: string; host: string } => {
  const identity = IDENTITIES[role];
  return { type, from: FROM[role], host: 'host' in identity ? identity.host : 'anywhere' };
};

/** A second copy, so that every change of the table must be made here, too. */
const ALLOWED: Readonly<Record<Role, readonly (MessageType | 'values')[]>> = {
  node: ['values', 'instrumenter_online', 'alive', 'offline', 'rival', 'want_gathers', 'answer'],
  aggregator: ['aggregator_online', 'alive', 'offline', 'rival', 'resend', 'ping', 'answer'],
  config: [
    'config_online',
    'beat',
    'front_door',
    'enable_aggregation',
    'disable_aggregation',
    'gathers',
    'content',
    'nodes',
    'ping',
    'log',
    'status',
    'dump',
    'abort',
    'answer',
  ],
  operator: ['ping', 'log', 'status', 'dump', 'abort', 'answer'],
};

test.each(ROLES)('a %s may send the messages of its role, and no others', (role) => {
  for (const type of [...MESSAGE_TYPES, 'values'] as const)
    expect([type, maySend(role, type)]).toEqual([type, ALLOWED[role].includes(type)]);
});

describe('where each service has a user of its own', () => {
  const trust = new Trust(keys, 'config', keys.config);

  test.each(ROLES)('a message of a %s is accepted exactly when its role may send it', (role) => {
    const user = userOf(IDENTITIES[role], '');
    for (const type of MESSAGE_TYPES) {
      const take = (): Identity => trust.sender(user, said(role, type));
      if (ALLOWED[role].includes(type)) expect(take()).toEqual(IDENTITIES[role]);
      else expect(take).toThrow(`may not send ${type}`);
    }
  });

  test('no user can use the key of another role or of another host', () => {
    for (const real of ROLES) {
      for (const claimed of ROLES) {
        if (real === claimed) continue;
        const user = userOf(IDENTITIES[real], '');
        expect(() => trust.sender(user, said(claimed, 'answer'))).toThrow(
          `may not speak as ${FROM[claimed]}`,
        );
      }
    }
    expect(() => trust.sender('node-n2', said('node', 'alive'))).toThrow(
      'may not speak as ca.instrumenter.n1',
    );
    expect(() => trust.sender('aggregator-h', said('aggregator', 'alive'))).toThrow('may not speak as');
    expect(() => trust.sender('node-n1', { ...said('node', 'alive'), host: 'n2' })).toThrow(
      'may not speak for host n2',
    );
  });

  test.each([undefined, 'ca', 'guest', 'lab.config', 'node-', ''])('the user %p is not trusted', (user) => {
    for (const role of ROLES) expect(() => trust.sender(user, said(role, 'answer'))).toThrow();
    expect(() => trust.valuesHost(user)).toThrow();
  });

  test('values come from nodes alone, and belong to their host', () => {
    expect(trust.valuesHost('node-n1')).toBe('n1');
    for (const role of ['aggregator', 'config', 'operator'] as const)
      expect(() => trust.valuesHost(userOf(IDENTITIES[role], ''))).toThrow('may not send values');
  });
});

describe('where all share one user', () => {
  const trust = new Trust(keys, 'ca', keys.config);

  test('the key is trusted, within the limits of its role', () => {
    expect(trust.shared).toBe(true);
    for (const role of ROLES) {
      for (const type of MESSAGE_TYPES) {
        const take = (): Identity => trust.sender('ca', said(role, type));
        if (ALLOWED[role].includes(type)) expect(take()).toEqual(IDENTITIES[role]);
        else expect(take).toThrow(`may not send ${type}`);
      }
    }
    expect(trust.valuesHost('ca')).toBeUndefined();
  });

  test('a message without a user is still refused, and so is a key of no role', () => {
    expect(() => trust.sender(undefined, said('config', 'abort'))).toThrow('nobody vouches');
    expect(() => trust.valuesHost(undefined)).toThrow('nobody vouches');
    expect(() => trust.sender('ca', { type: 'abort', from: 'x.ca.config', host: 'h' })).toThrow(
      'may not speak',
    );
  });

  test('a user of a role is limited to that role', () => {
    expect(() => trust.sender('node-n1', said('config', 'abort'))).toThrow('may not speak as ca.config');
    expect(trust.valuesHost('node-n1')).toBe('n1');
  });
});

test('a service with the user of another role fails at once', () => {
  expect(() => new Trust(keys, 'node-n2', keys.instrumenter('n1'))).toThrow('may not be ca.instrumenter.n1');
  expect(() => new Trust(keys, 'operator', keys.config)).toThrow('docs/trust.md');
  expect(new Trust(keys, 'config', `${keys.config}:1`).shared).toBe(false);
  expect(new Trust(routes('lab'), 'config', 'lab.ca.config').shared).toBe(true);
});
