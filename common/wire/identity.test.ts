import fc from 'fast-check';
import {
  identityOfKey,
  identityOfUser,
  isSame,
  permissionsOf,
  ROLES,
  userOf,
  type Identity,
  type Permissions,
} from './identity';
import { routes } from './route';

const HOSTS = ['n1', 'n1.example.com', 'a-b', 'a', 'a-b-0', 'config', 'n1.', 'x_y'];
const PREFIXES = ['', 'lab', 'lab.ca', 'l-1'];
const everybody = (): Identity[] =>
  ROLES.flatMap((role): Identity[] =>
    role === 'node' || role === 'aggregator' ? HOSTS.map((host) => ({ role, host })) : [{ role }],
  );
const keyOf = (identity: Identity, prefix: string): string => {
  const keys = routes(prefix);
  switch (identity.role) {
    case 'node':
      return keys.instrumenter(identity.host);
    case 'aggregator':
      return keys.aggregator(`${identity.host}-0`);
    case 'config':
      return keys.config;
    case 'operator':
      return keys.tool('desk', 1);
  }
};
const allows = (permission: string, name: string): boolean => new RegExp(permission).test(name);

test.each(PREFIXES)('with prefix %p each identity is found again by its user and by its key', (prefix) => {
  for (const identity of everybody()) {
    expect(identityOfUser(userOf(identity, prefix), prefix)).toEqual(identity);
    expect(identityOfKey(keyOf(identity, prefix), routes(prefix))).toEqual(identity);
    expect(identityOfKey(`${keyOf(identity, prefix)}:more`, routes(prefix))).toEqual(identity);
  }
});

test('no two identities, of one deployment or of two, share a user or a key', () => {
  const all = PREFIXES.flatMap((prefix) => everybody().map((identity) => ({ prefix, identity })));
  expect(new Set(all.map(({ prefix, identity }) => userOf(identity, prefix))).size).toBe(all.length);
  expect(new Set(all.map(({ prefix, identity }) => keyOf(identity, prefix))).size).toBe(all.length);
});

test.each(['', 'ca', 'guest', 'node-', 'node', 'node-a:b', 'node-a b', 'x.config', 'aggregator-', 'Config'])(
  'the user %p has no role',
  (user) => {
    expect(identityOfUser(user, '')).toBeUndefined();
  },
);

test('any user name that has an identity is the user name of that identity', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...PREFIXES), (user, prefix) => {
      const identity = identityOfUser(user, prefix);
      return identity === undefined || userOf(identity, prefix) === user;
    }),
  );
});

describe.each(PREFIXES)('the permissions with prefix %p', (prefix) => {
  const keys = routes(prefix);
  const { values, up, down } = keys.exchanges;
  const exchanges = [values, up, down];
  const queues = everybody().flatMap((identity) => {
    const key = keyOf(identity, prefix);
    return identity.role === 'aggregator' ? [key, `${key}:values`] : [key];
  });
  const names = [
    ...exchanges,
    ...queues,
    'amq.default',
    'amq.direct',
    'amq.topic',
    'other.ca.values',
    'caXvalues',
  ];
  const granted = (identity: Identity, kind: keyof Permissions): string[] =>
    names.filter((name) => allows(permissionsOf(identity, keys)[kind], name)).sort();

  test.each(HOSTS)('let node %p have its own queue, write values and up, and nothing else', (host) => {
    const identity: Identity = { role: 'node', host };
    const own = keyOf(identity, prefix);
    expect(granted(identity, 'configure')).toEqual([own]);
    expect(granted(identity, 'read')).toEqual([own]);
    expect(granted(identity, 'write')).toEqual([values, up].sort());
  });

  test.each(HOSTS)(
    'let aggregators of host %p have their own queues, and read nothing else but values',
    (host) => {
      const identity: Identity = { role: 'aggregator', host };
      const own = [keyOf(identity, prefix), `${keyOf(identity, prefix)}:values`];
      expect(granted(identity, 'configure')).toEqual([...own].sort());
      expect(granted(identity, 'read')).toEqual([...own, values].sort());
      expect(granted(identity, 'write')).toEqual([...own, ...exchanges].sort());
    },
  );

  test("let the config service bind members' queues, and read no values", () => {
    const identity: Identity = { role: 'config' };
    const members = queues.filter((name) => /instrumenter|aggregator/.test(name));
    expect(granted(identity, 'configure')).toEqual([...exchanges, keys.config].sort());
    expect(granted(identity, 'read')).toEqual([up, down, keys.config].sort());
    expect(granted(identity, 'write')).toEqual([up, down, keys.config, ...members].sort());
  });

  test('let operators read every exchange, and neither write values nor touch the queue of a service', () => {
    const identity: Identity = { role: 'operator' };
    const tool = keyOf(identity, prefix);
    expect(granted(identity, 'configure')).toEqual([...exchanges, tool].sort());
    expect(granted(identity, 'read')).toEqual([...exchanges, tool].sort());
    expect(granted(identity, 'write')).toEqual([up, down, tool].sort());
  });
});

test('identities are the same when role and host are', () => {
  const all = everybody();
  for (const [i, a] of all.entries()) for (const [j, b] of all.entries()) expect(isSame(a, b)).toBe(i === j);
});
