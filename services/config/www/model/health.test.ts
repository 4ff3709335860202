import { noticesOf, type Health } from './health.ts';

const WELL: Health = {
  reached: true,
  silentSeconds: 0,
  status: { connected: true, aggregators: [{}], instrumenters: [{ host: 'a', silentMs: 100 }] },
  skewSeconds: -0.8,
  metrics: 40,
};
const titles = (health: Partial<Health>): string[] =>
  noticesOf({ ...WELL, ...health }).map(({ title }) => title);

test('a system that is well says nothing', () => {
  expect(titles({})).toEqual([]);
  expect(titles({ reached: undefined, status: undefined, metrics: undefined })).toEqual([]);
});

test('a service that does not answer is the only news', () => {
  expect(titles({ reached: false, silentSeconds: 7, skewSeconds: 60 })).toEqual([
    'The service does not answer.',
  ]);
  expect(noticesOf({ ...WELL, reached: false, silentSeconds: 7 })[0]?.text).toContain('7 s ago');
});

test('a broker that is down is told once, not as every node missing', () => {
  expect(titles({ status: { connected: false, aggregators: [], instrumenters: [] } })).toEqual([
    'The message broker is down.',
  ]);
});

test('nobody there to count, or to answer, is told', () => {
  expect(titles({ status: { ...WELL.status, instrumenters: [] }, metrics: 0 })).toEqual([
    'No node is online.',
  ]);
  expect(titles({ status: { ...WELL.status, aggregators: [] } })).toEqual(['No aggregator is online.']);
  expect(titles({ metrics: 0 })).toEqual(['The nodes offer no metric.']);
});

test('silent nodes are named, three at most', () => {
  const silent = ['a', 'b', 'c', 'd'].map((host) => ({ host, silentMs: 20_000 }));
  const [notice] = noticesOf({ ...WELL, status: { ...WELL.status, instrumenters: silent } });
  expect(notice).toMatchObject({ kind: 'warn', title: '4 nodes are silent.' });
  expect(notice?.text).toContain('a, b, c and 1 more');
});

test('a clock that is off is told with its side', () => {
  expect(titles({ skewSeconds: 37 })).toEqual(["This device's clock is 37 s behind the servers'."]);
  expect(titles({ skewSeconds: -7200 })).toEqual(["This device's clock is 2 h ahead of the servers'."]);
});

test('one user of the broker for all services, services of another version and a full broker are told', () => {
  expect(titles({ status: { ...WELL.status, bus: { sharedUser: true } } })).toEqual([
    'All services share one user of the broker.',
  ]);
  expect(titles({ status: { ...WELL.status, bus: { sharedUser: false } } })).toEqual([]);
  const otherVersions = ['n1', 'n2', 'n3', 'n4'].map((host) => ({ host, version: 9 }));
  expect(noticesOf({ ...WELL, status: { ...WELL.status, otherVersions } })[0]?.text).toContain(
    'n1, n2, n3 and 1 more',
  );
  const bus = { reason: 'the broker takes no messages: low on disk' };
  expect(titles({ status: { ...WELL.status, connected: false, bus } })).toEqual([
    'The message broker takes no messages: low on disk.',
  ]);
});

test('half a fleet that is silent is said first, with names', () => {
  const status = {
    ...WELL.status,
    otherVersions: [{ host: 'n9', version: 9 }],
    inventory: { expected: 8, silent: 4, silentNodes: ['n1', 'n2', 'n3', 'n4'] },
  };
  const [first] = noticesOf({ ...WELL, status });
  expect(first?.kind).toBe('bad');
  expect(first?.title).toBe('4 of 8 expected nodes are silent.');
  expect(first?.text).toContain('n1, n2, n3 and 1 more');
});

test('a state that cannot be saved is said', () => {
  expect(titles({ status: { ...WELL.status, trouble: 'the state folder cannot be written' } })).toEqual([
    'The state cannot be saved.',
  ]);
});
