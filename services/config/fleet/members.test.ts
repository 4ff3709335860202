import { OtherVersion } from '../../../common/wire/message';
import { DATA_VERSION } from '../../../common/wire/data';
import { SILENT } from '../../../common/service/log';
import { readPlaces } from '../../../common/service/networks';
import { aggregatorKey, FakeBus, FakeClock, nodeKey } from '../testing/fake-fleet';
import { Members } from './members';

const STANDING = { catalogue: 'a'.repeat(22), gathers: 'b'.repeat(22), exceptions: 'c'.repeat(22) };

interface Fleet {
  readonly bus: FakeBus;
  readonly clock: FakeClock;
  readonly members: Members;
  readonly lines: string[];
  readonly hellos: () => number;
}

function setUp(networks?: string): Fleet {
  let hellos = 0;
  const clock = new FakeClock();
  const bus = new FakeBus(clock);
  const lines: string[] = [];
  const say = (_what: object, text: string): void => void lines.push(text);
  const nothing = (): void => undefined;
  const members = new Members({
    clock,
    log: { ...SILENT, warn: say, info: say },
    places: readPlaces({ CA_AGGREGATOR_NETWORKS: networks, CA_UNENCRYPTED: 'aggregators' }),
    news: {
      aggregatorUp: nothing,
      aggregatorGone: nothing,
      aggregatorHeard: nothing,
      nodeUp: nothing,
      nodeGone: nothing,
      nodeHeard: (_node, hello) => (hellos += Number(hello)),
    },
  });
  members.listen(bus);
  return { bus, clock, members, lines, hellos: () => hellos };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the queue of a member that hears nothing is bound before anything is said to it', async () => {
  const { bus, members } = setUp();
  bus.members.set(nodeKey('n1'), () => ({}));
  await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: STANDING, deaf: true });
  await settled();
  expect(bus.adopted).toEqual([nodeKey('n1')]);
  expect(members.nodeCount).toBe(1);
  await bus.say(nodeKey('n1'), 'alive', { standing: STANDING });
  expect(bus.adopted).toHaveLength(1);
  await bus.say(nodeKey('n1'), 'alive', { standing: STANDING, deaf: true });
  expect(bus.adopted).toHaveLength(2);
});

test('one that hears nothing and has no queue any more is not known, and not told anything', async () => {
  const { bus, members, lines } = setUp();
  await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: STANDING, deaf: true });
  await settled();
  expect(members.nodeCount).toBe(0);
  expect(lines).toEqual(['cannot bind the queue of a member']);
  expect(bus.told).toEqual([]);
});

test.each([
  ['127.0.0.1', undefined, true],
  ['10.77.0.9', undefined, false],
  ['10.77.0.9', '10.77.0.0/24', true],
  ['169.254.169.254', '10.77.0.0/24', false],
  ['localhost', undefined, false],
  ['evil.example', undefined, false],
])('an aggregator at %s, networks %p: taken is %p', async (httpHost, networks, taken) => {
  const { bus, members } = setUp(networks);
  await bus.say(aggregatorKey('h1-0'), 'aggregator_online', { instance: 'h1-0', httpHost, httpPort: 1 });
  expect(members.aggregators.length === 1).toBe(taken);
});

test('an aggregator is called as its key says', async () => {
  const { bus, members } = setUp();
  for (const instance of ['h2-0', '', 'x.aggregator.h1-0'])
    await bus.say(aggregatorKey('h1-0'), 'aggregator_online', {
      instance,
      httpHost: '127.0.0.1',
      httpPort: 1,
    });
  expect(members.aggregators).toEqual([]);
});

test('members that found their name taken are listed with their machines for a while, not without end', async () => {
  const { bus, clock, members } = setUp();
  await bus.say(nodeKey('n1'), 'rival', { machine: 'twin' });
  await bus.say(nodeKey('n1'), 'rival', { machine: 'twin' });
  expect(members.rivals.all).toEqual([{ key: nodeKey('n1'), host: 'n1', machine: 'twin', times: 2 }]);
  expect(members.nodeCount).toBe(0);
  for (let i = 0; i < 500; i++) await bus.say(nodeKey(`m${i}`), 'rival', { machine: 'x' });
  expect(members.rivals.all.length).toBeLessThanOrEqual(100);
  clock.pass(301);
  expect(members.rivals.all).toEqual([]);
});

test('members of another version take no part, are named for a while, and fill neither memory nor log', async () => {
  const { bus, clock, members, lines } = setUp();
  await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: STANDING, data: DATA_VERSION });
  await bus.say(nodeKey('n1'), 'alive', { standing: STANDING, data: DATA_VERSION + 1 });
  expect(members.nodeCount).toBe(0);
  expect(members.others.all).toEqual([
    { key: nodeKey('n1'), host: 'n1', what: 'values', version: DATA_VERSION + 1 },
  ]);
  for (let i = 0; i < 5000; i++)
    bus.sayOther(new OtherVersion({ version: 1, from: nodeKey(`old${i}`), host: 'x'.repeat(255) }));
  expect(members.others.all).toHaveLength(1000);
  expect(lines.length).toBeLessThan(25);
  await bus.say(nodeKey('n1'), 'alive', { standing: STANDING, data: DATA_VERSION });
  expect(members.others.all).toHaveLength(999);
  clock.pass(31);
  expect(members.others.all).toEqual([]);
  expect(members.nodeCount).toBe(1);
});

test('hellos again and again are heard at a second’s distance', async () => {
  const { bus, clock, hellos } = setUp();
  for (let i = 0; i < 1000; i++) await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: STANDING });
  expect(hellos()).toBe(20);
  clock.pass(2);
  for (let i = 0; i < 1000; i++) await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: STANDING });
  expect(hellos()).toBe(22);
});
