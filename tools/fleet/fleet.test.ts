import { SYSTEM_CLOCK } from '../../common/service/clock';
import type { DataMessage } from '../../common/wire/data';
import { fqid } from '../../common/model/instrumentation';
import { SILENT } from '../../common/service/log';
import { changes, Gathers } from '../../common/wire/gathers';
import { readCatalogue, toWire, type NodeStanding } from '../../common/wire/message';
import { Peer } from '../../common/wire/peer';
import { routes, type Routes } from '../../common/wire/route';
import { totalOf } from '../../common/model/value';
import { ask } from '../../services/instrumenter/testing/fakes';
import { startTestBroker, type TestBroker } from '../testing/test-broker';
import { until } from '../testing/until';
import { startFleet, type Fleet, type FleetOptions } from './fleet';

jest.setTimeout(120_000);

let rabbit: TestBroker;
beforeAll(async () => {
  rabbit = await startTestBroker();
});
afterAll(() => rabbit?.stop());

/** A config service and an aggregator that only record. */
interface Listener {
  readonly peer: Peer;
  readonly keys: Routes;
  /** type and node, in order of arrival. */
  readonly told: string[];
  readonly messages: DataMessage[];
  /** The last reported state of each node. */
  readonly standings: Map<string, NodeStanding>;
}

const open: { close(): Promise<void> }[] = [];
let tests = 0;
let prefix: string;

beforeEach(() => {
  prefix = `fleet${++tests}`;
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function listen(): Promise<Listener> {
  const keys = routes(prefix);
  const peer = new Peer({
    url: rabbit.url,
    routes: keys,
    host: 'listener',
    key: keys.config,
    clock: SYSTEM_CLOCK,
    log: SILENT,
  });
  const listener: Listener = { peer, keys, told: [], messages: [], standings: new Map() };
  for (const type of ['instrumenter_online', 'alive', 'offline'] as const) {
    peer.on(type, (body, { host }) => {
      listener.told.push(`${type} ${host}`);
      if ('standing' in body && body.standing !== undefined) listener.standings.set(host, body.standing);
      return undefined;
    });
  }
  peer.onValues((message) => listener.messages.push(message));
  await peer.connect();
  open.push(peer);
  return listener;
}

async function fleetOf(nodes: number, more: Partial<FleetOptions> = {}): Promise<Fleet> {
  const fleet = await startFleet({ url: rabbit.url, prefix, nodes, ...more });
  open.push({ close: () => fleet.stop() });
  return fleet;
}

const QUESTIONS = [
  ask('syscall.syscalls', ['execname', 'latency'], { id: '1' }),
  ask('disk.physio_ops', [], { id: '2' }),
];

const ALL = Gathers.EMPTY.with(
  QUESTIONS.map((question) => ({ instrumentation: toWire(question) })),
  [],
);

async function enableAll({ peer, keys, standings }: Listener, fleet: Fleet): Promise<void> {
  for (const question of QUESTIONS) await peer.bind(keys.instrumentation(fqid(question)));
  for (const message of changes(undefined, ALL)) peer.tell(keys.broadcast, 'gathers', message);
  await until('all gathering', 10_000, () =>
    fleet.nodes.every(({ name }) => standings.get(name)?.gathers === ALL.digest) ? true : undefined,
  );
}

const whole = (listener: Listener, fleet: Fleet, second: number): DataMessage[] | undefined => {
  const found = listener.messages.filter((m) => m.second === second);
  return found.length === fleet.nodes.length ? found : undefined;
};

test('every node says hello, and again when the config service asks', async () => {
  const listener = await listen();
  await fleetOf(3, { metrics: ['syscall.syscalls'] });
  const hellos = (): number => listener.told.filter((t) => t.startsWith('instrumenter_online')).length;
  await until('hellos', 10_000, () => (hellos() === 3 ? true : undefined));
  listener.peer.tell(listener.keys.broadcast, 'config_online', {});
  await until('hellos again', 10_000, () => (hellos() === 6 ? true : undefined));
  const hello = listener.told.filter((told) => told.startsWith('instrumenter_online'));
  expect(hello.map((told) => told.slice(-4)).sort()).toEqual([
    'sim0',
    'sim0',
    'sim1',
    'sim1',
    'sim2',
    'sim2',
  ]);
});

test('only the node that is asked answers, with what it can do', async () => {
  const listener = await listen();
  const { keys, peer } = listener;
  const fleet = await fleetOf(2, { metrics: ['syscall.syscalls'] });
  const answer = await peer.call(keys.instrumenter('sim1'), 'status', {}, 5000);
  expect(answer).toMatchObject({ service: 'instrumenter', host: 'sim1', instrumentations: [] });
  for (const message of changes(undefined, ALL)) peer.tell(keys.instrumenter('sim1'), 'gathers', message);
  await until('sim1 gathering', 5000, () => (fleet.nodes[1]?.fqids.length === 1 ? true : undefined));
  expect(fleet.nodes.map((node) => node.fqids)).toEqual([[], ['global;1']]);
  const { catalogue: digest } = await until('hello', 5000, () => listener.standings.get('sim0'));
  const { content } = await peer.call(keys.instrumenter('sim0'), 'content', { digest }, 5000);
  expect(readCatalogue(content).offers.map(({ metric }) => metric)).toEqual(['syscall.syscalls']);
});

test('each node sends one message a second with all it was asked, and the totals are the oracle’s', async () => {
  const listener = await listen();
  const fleet = await fleetOf(5, { jitterMs: 50 });
  await enableAll(listener, fleet);
  const second = Math.floor(Date.now() / 1000) + 1;
  const messages = await until('a second', 10_000, () => whole(listener, fleet, second));
  for (const { node, reports, duration } of messages) {
    expect(duration).toBe(1);
    expect(reports.map((r) => r.fqid).sort()).toEqual(['global;1', 'global;2']);
    for (const { value } of reports) expect(totalOf(value)).toBe(fleet.oracle.totalIn(node, second));
  }
  const [less] = changes(ALL, ALL.with([], ['global;1']));
  const [none] = changes(ALL, Gathers.EMPTY);
  listener.peer.tell(fleet.nodes[0]!.key, 'gathers', less!);
  listener.peer.tell(fleet.nodes[1]!.key, 'gathers', none!);
  await until('less', 10_000, () => {
    const last = listener.messages.findLast(({ node }) => node === 'sim0');
    return last?.reports.length === 1 ? true : undefined;
  });
  expect(fleet.nodes.slice(0, 3).map((node) => node.fqids)).toEqual([
    ['global;2'],
    [],
    ['global;1', 'global;2'],
  ]);
});

test('lost messages are those that the oracle names, and they are counted', async () => {
  const listener = await listen();
  const fleet = await fleetOf(20, { loss: 0.3 });
  await enableAll(listener, fleet);
  const toldIn = (second: number): string[] =>
    fleet.nodes.filter((node) => !fleet.oracle.isLost(node.name, second)).map((n) => n.name);
  // In one of a thousand seconds no node restarts.
  let second = Math.floor(Date.now() / 1000) + 1;
  while (toldIn(second).length === fleet.nodes.length) second++;
  const told = toldIn(second);
  await until('the second after', 10_000, () =>
    listener.messages.some((m) => m.second > second) ? true : undefined,
  );
  const came = listener.messages.filter((m) => m.second === second).map(({ node }) => node);
  expect(came.sort()).toEqual(told.sort());
  expect(told.length).toBeLessThan(20);
  expect(fleet.counts().lost).toBeGreaterThan(0);
});

test('a node whose clock is off reports its own seconds, at their end by its own clock', async () => {
  const listener = await listen();
  const fleet = await fleetOf(10, { skewMs: 3000 });
  expect(new Set(fleet.nodes.map(({ skewMs }) => skewMs)).size).toBeGreaterThan(5);
  await enableAll(listener, fleet);
  await until('messages of all', 15_000, () =>
    new Set(listener.messages.map(({ node }) => node)).size === 10 ? true : undefined,
  );
  for (const { second, sent } of listener.messages) {
    expect(sent).toBeGreaterThanOrEqual(1000 * (second + 1));
    expect(sent).toBeLessThan(1000 * (second + 1) + 1000);
  }
});

test('a node that is restarted says goodbye or not, forgets, and comes back with a hello', async () => {
  const listener = await listen();
  const fleet = await fleetOf(2);
  await enableAll(listener, fleet);
  const [polite, sudden] = fleet.nodes;
  listener.told.length = 0;
  fleet.restart(polite!, true, 10);
  fleet.restart(sudden!, false, 10);
  await until('both', 10_000, () =>
    listener.told.filter((t) => t.startsWith('instrumenter_online')).length === 2 ? true : undefined,
  );
  expect(listener.told.filter((t) => t.startsWith('offline'))).toEqual(['offline sim0']);
  expect(fleet.nodes.map(({ fqids }) => fqids)).toEqual([[], []]);
  expect(fleet.counts().restarts).toBe(2);
});
