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

/** Written out a second time, so that a change of the table is a change here as well. */
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

test.each(ROLES)('a %s may send what its role may, and no other message', (role) => {
  for (const type of [...MESSAGE_TYPES, 'values'] as const)
    expect([type, maySend(role, type)]).toEqual([type, ALLOWED[role].includes(type)]);
});

describe('where each service has a user of its own', () => {
  const trust = new Trust(keys, 'config', keys.config);

  test.each(ROLES)('a message of a %s is taken exactly when its role may send it', (role) => {
    const user = userOf(IDENTITIES[role], '');
    for (const type of MESSAGE_TYPES) {
      const take = (): Identity => trust.sender(user, said(role, type));
      if (ALLOWED[role].includes(type)) expect(take()).toEqual(IDENTITIES[role]);
      else expect(take).toThrow(`may not send ${type}`);
    }
  });

  test("nobody speaks under another's key: not of another role, and not of another host", () => {
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

  test.each([undefined, 'ca', 'guest', 'lab.config', 'node-', ''])('the user %p is not believed', (user) => {
    for (const role of ROLES) expect(() => trust.sender(user, said(role, 'answer'))).toThrow();
    expect(() => trust.valuesHost(user)).toThrow();
  });

  test('values come from nodes alone, and are those of their host', () => {
    expect(trust.valuesHost('node-n1')).toBe('n1');
    for (const role of ['aggregator', 'config', 'operator'] as const)
      expect(() => trust.valuesHost(userOf(IDENTITIES[role], ''))).toThrow('may not send values');
  });
});

describe('where all share one user', () => {
  const trust = new Trust(keys, 'ca', keys.config);

  test('the key is believed, and the role that it says still has its limits', () => {
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

  test('a message without a user is refused all the same, and so is a key that is nobody’s', () => {
    expect(() => trust.sender(undefined, said('config', 'abort'))).toThrow('nobody vouches');
    expect(() => trust.valuesHost(undefined)).toThrow('nobody vouches');
    expect(() => trust.sender('ca', { type: 'abort', from: 'x.ca.config', host: 'h' })).toThrow(
      'may not speak',
    );
  });

  test('who has a user of a role is held to it', () => {
    expect(() => trust.sender('node-n1', said('config', 'abort'))).toThrow('may not speak as ca.config');
    expect(trust.valuesHost('node-n1')).toBe('n1');
  });
});

test('a service that was given the user of another role says so at once', () => {
  expect(() => new Trust(keys, 'node-n2', keys.instrumenter('n1'))).toThrow('may not be ca.instrumenter.n1');
  expect(() => new Trust(keys, 'operator', keys.config)).toThrow('docs/trust.md');
  expect(new Trust(keys, 'config', `${keys.config}:1`).shared).toBe(false);
  expect(new Trust(routes('lab'), 'config', 'lab.ca.config').shared).toBe(true);
});
