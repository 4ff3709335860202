import { CaError } from '../../../common/service/errors';
import {
  addAggregator,
  addNode,
  aggregatorKey,
  except,
  expectedNodes,
  gathered,
  nodeKey,
  OFFERS,
} from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';
import { RECONNECT_GRACE_MS } from './members';

const QUESTION = { module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] };

let front: TestFront;
beforeEach(async () => {
  front = await testFront();
});
afterEach(() => front.close());

async function create(body: unknown = QUESTION): Promise<string> {
  const { status, json } = await front.ask('POST', '/ca/instrumentations', body);
  expect(status).toBe(201);
  return (json as { id: string }).id;
}

const documents = (): { to: string; body: { from?: string; put: unknown[] } }[] =>
  front.bus.told.filter(({ type }) => type === 'gathers') as never;
const gathers = (host: string): string[] => [...gathered(front.bus, host).keys()];
const nodes = (id: string): unknown => front.config.reconciler.nodesOf(`global;${id}`);

test('a new instrumentation goes to one aggregator and to every node that can do it', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await addNode(front.bus, 'n2', undefined, {
    offers: [{ metric: 'syscall.syscalls', source: 'bpf', unavailable: 'no BTF' }],
  });
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  expect(expectedNodes(front.bus, 'a0', `global;${id}`)).toEqual(['n1']);
  expect([gathers('n1'), gathers('n2')]).toEqual([[`global;${id}`], []]);
  await front.bus.until(() => front.config.reconciler.countsOf(`global;${id}`).enabled === 1);
  expect(nodes(id)).toEqual([
    { node: 'n1', state: 'enabled', source: 'bpf' },
    { node: 'n2', state: 'unsupported', reason: 'no BTF' },
  ]);
});

test('a node that cannot is failed with its reason; the others report', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'good');
  await addNode(front.bus, 'bad');
  const id = await create();
  const fqid = `global;${id}`;
  await except(front.bus, 'bad', { fqid, state: 'failed', source: 'bpf', reason: 'map full', log: 'x' });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
  expect(expectedNodes(front.bus, 'a0', fqid)).toEqual(['good']);
  await front.bus.until(() => front.config.reconciler.countsOf(fqid).enabled === 1);
  expect(nodes(id)).toEqual([
    { node: 'bad', state: 'failed', source: 'bpf', reason: 'map full', log: 'x' },
    { node: 'good', state: 'enabled', source: 'bpf' },
  ]);
  await except(front.bus, 'bad', { fqid, state: 'enabled', source: 'synthetic' });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 2);
  expect(nodes(id)).toContainEqual({ node: 'bad', state: 'enabled', source: 'synthetic' });
});

test('a question is one message to all nodes, however many there are', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < 40; i++) await addNode(front.bus, `n${i}`);
  front.bus.told.length = 0;
  front.bus.calls.length = 0;
  const id = await create();
  await front.bus.until(() => front.config.reconciler.countsOf(`global;${id}`).enabled === 40);
  expect(documents().map(({ to }) => to)).toEqual(['ca.broadcast']);
  expect(front.bus.calls.map(({ to, type }) => [to, type])).toEqual([
    [aggregatorKey('a0'), 'enable_aggregation'],
  ]);
  // The list of nodes was told before: the command names a catalogue, not forty nodes.
  const body = front.bus.calls[0]!.body;
  expect(body['scope']).toEqual({ catalogues: [expect.any(String) as string], except: [] });
});

test('a hundred questions one after the other are told together, and cost no message for each node', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < 5; i++) await addNode(front.bus, `n${i}`);
  front.bus.told.length = 0;
  const ids = await Promise.all(Array.from({ length: 100 }, () => create()));
  await front.bus.until(() => gathers('n4').length === 100);
  expect(documents().length).toBeLessThan(50);
  for (const id of ids)
    await front.bus.until(() => front.config.reconciler.countsOf(`global;${id}`).enabled === 5);
});

test('equal nodes are asked for their catalogue once, and others for theirs', async () => {
  for (let i = 0; i < 20; i++) await addNode(front.bus, `n${i}`);
  await addNode(front.bus, 'odd', undefined, { offers: OFFERS.slice(1) });
  const asked = front.bus.calls.filter(({ type }) => type === 'content').map(({ to }) => to);
  expect(asked).toEqual([nodeKey('n0'), nodeKey('odd')]);
});

test('what the last node offered can be asked again when another one comes that offers the same', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await front.bus.say(nodeKey('n1'), 'offline', {});
  expect((await front.ask('POST', '/ca/instrumentations', QUESTION)).status).toBe(400);
  await addNode(front.bus, 'n2');
  await create();
});

test('what comes with another digest than asked for is not believed, and another node is asked', async () => {
  await addNode(front.bus, 'liar');
  await front.bus.say(nodeKey('liar'), 'offline', {});
  const { standing } = {
    standing: { catalogue: 'x'.repeat(22), gathers: 'x'.repeat(22), exceptions: 'x'.repeat(22) },
  };
  front.bus.members.set(nodeKey('liar'), () => ({
    content: { metadata: { modules: {}, fields: {}, metrics: [] }, offers: [] },
  }));
  await front.bus.say(nodeKey('liar'), 'instrumenter_online', { standing });
  await new Promise((resolve) => setImmediate(resolve));
  expect(front.config.reconciler.standings.catalogues.get(standing.catalogue)).toBeUndefined();
});

test('a node that differs gets the whole document; many that differ get it together', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n0');
  const id = await create();
  front.bus.told.length = 0;
  await Promise.all(Array.from({ length: 60 }, (_, i) => addNode(front.bus, `late${i}`)));
  await front.bus.until(() => gathers('late59').length === 1);
  expect(documents().every(({ body }) => body.from === undefined)).toBe(true);
  expect(documents().length).toBeLessThan(20);
  expect(documents().at(-1)?.to).toBe('ca.broadcast');
  await front.bus.until(() => front.config.reconciler.countsOf(`global;${id}`).enabled === 61);
});

test('a node that has missed a change is sent the whole when it says how it stands', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const node = front.bus.nodes.get(nodeKey('n1'))!;
  front.bus.nodes.delete(nodeKey('n1')); // cut off
  const id = await create();
  front.bus.nodes.set(nodeKey('n1'), node);
  await front.bus.say(nodeKey('n1'), 'alive', { standing: node.standing });
  expect(gathers('n1')).toEqual([]); // the change may still be on its way
  expect(front.config.reconciler.countsOf(`global;${id}`)).toMatchObject({ enabling: 1, enabled: 0 });
  front.clock.pass(4);
  await front.bus.say(nodeKey('n1'), 'alive', { standing: node.standing });
  await front.bus.until(() => gathers('n1').length === 1);
});

test('nodes are named a page at a time, the worst first, and counted all', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < 120; i++) await addNode(front.bus, `n${i}`);
  const id = await create();
  await except(front.bus, 'n77', { fqid: `global;${id}`, state: 'failed', reason: 'no' });
  await front.bus.until(() => front.config.reconciler.countsOf(`global;${id}`).enabled === 119);
  const get = async (
    query: string,
  ): Promise<{ nodes: { node: string }[]; state: object; nsources: number }> =>
    (await front.ask('GET', `/ca/instrumentations/${id}${query}`)).json as never;
  const first = await get('');
  expect(first).toMatchObject({ nsources: 119, state: { failed: 1, enabled: 119 } });
  expect([first.nodes.length, first.nodes[0]?.node]).toEqual([100, 'n77']);
  expect((await get('?nodes=1000')).nodes).toHaveLength(120);
  expect((await get('?nodes=50&nodes_from=100')).nodes).toHaveLength(20);
  expect((await get('?nodes=0')).nodes).toEqual([]);
  expect((await front.ask('GET', `/ca/instrumentations/${id}?nodes=-1`)).status).toBe(400);
});

test('deleting tells the aggregator and every node', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  expect((await front.ask('DELETE', `/ca/instrumentations/${id}`)).status).toBe(204);
  await front.bus.until(() => gathers('n1').length === 0);
  await front.bus.until(() =>
    front.bus.calls.some(({ to, type }) => to === aggregatorKey('a0') && type === 'disable_aggregation'),
  );
  expect((await front.ask('GET', `/ca/instrumentations/${id}`)).status).toBe(404);
});

test('a node that comes later, or again, is told everything', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.say(nodeKey('n1'), 'offline', {});
  await addNode(front.bus, 'late');
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.[0] === 'late');
  await front.bus.until(() => gathers('late').length === 1);
  await addNode(front.bus, 'late');
  await front.bus.until(() => gathers('late').length === 1);
  expect(expectedNodes(front.bus, 'a0', `global;${id}`)).toEqual(['late']);
});

/** Seconds pass in which these aggregators, unlike the others, are heard of. */
async function pass(seconds: number, ...heard: string[]): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    front.clock.pass(1);
    for (const instance of heard.length === 0 ? ['a0'] : heard)
      await front.bus.say(aggregatorKey(instance), 'alive', {});
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a killed node is no longer expected within 15 s, an alive brings it back through a hello', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  front.bus.members.delete(nodeKey('n1')); // its queue goes with its process
  await pass(14);
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 0);
  expect(nodes(id)).toEqual([]);
  await front.bus.say(nodeKey('n1'), 'alive', {});
  expect(front.bus.told.at(-1)).toMatchObject({ to: nodeKey('n1'), type: 'config_online' });
});

test('a node that answers, however silent it is otherwise, stays', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await pass(120);
  expect(front.config.members.nodes).toHaveLength(1);
});

test('a node that has a queue and never answers is given up later', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  front.bus.members.set(nodeKey('n1'), () => undefined);
  await pass(25);
  expect(front.config.members.nodes).toHaveLength(1);
  await pass(15);
  expect(front.config.members.nodes).toHaveLength(0);
});

test('a killed aggregator is gone after 4 s, a busy one is not', async () => {
  await addAggregator(front.bus, 'busy', 1, () => undefined);
  await addAggregator(front.bus, 'killed');
  front.bus.members.delete(aggregatorKey('killed'));
  await pass(RECONNECT_GRACE_MS / 1000 + 4);
  expect(front.config.members.aggregators.map(({ instance }) => instance)).toEqual(['busy']);
});

test('while our own queue is behind, nobody is silent', async () => {
  await addAggregator(front.bus, 'a0');
  front.bus.members.delete(aggregatorKey('a0'));
  front.bus.behind = front.clock.now();
  front.clock.pass(60);
  await new Promise((resolve) => setImmediate(resolve));
  expect(front.config.members.aggregators).toHaveLength(1);
  front.bus.behind = undefined;
  front.clock.pass(1);
  await front.bus.until(() => front.config.members.aggregators.length === 0);
});

test('while the broker is away nobody is given up', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  front.bus.connected = false;
  front.clock.pass(60);
  expect(front.config.members.aggregators).toHaveLength(1);
  expect(front.config.members.nodes).toHaveLength(1);
});

test('when an aggregator is gone another one takes over; the first is used when it comes back, then told to forget', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  await addAggregator(front.bus, 'a1');
  await front.bus.say(aggregatorKey('a0'), 'offline', {});
  await front.bus.until(() => expectedNodes(front.bus, 'a1', `global;${id}`)?.length === 1);
  await front.store.flushed();
  expect(front.store.records.get(`global;${id}`)?.aggregator).toBe('a1');
  await addAggregator(front.bus, 'a0');
  await front.bus.until(() => front.config.reconciler.ranked(`global;${id}`).length === 2);
  await pass(2, 'a0', 'a1');
  const told = (): boolean => front.bus.calls.some(({ type }) => type === 'disable_aggregation');
  expect(told()).toBe(false); // it may have values that the other one lacks
  await pass(6, 'a0', 'a1');
  await front.bus.until(told);
  expect(front.config.reconciler.homesOf(`global;${id}`)).toHaveLength(1);
});

test('with all aggregators gone an instrumentation waits for the next one', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.say(aggregatorKey('a0'), 'offline', {});
  const value = await front.ask('GET', `/ca/instrumentations/${id}/value/raw`);
  expect([value.status, value.headers.get('retry-after')]).toEqual([503, '2']);
  await addAggregator(front.bus, 'a9');
  await front.bus.until(() => expectedNodes(front.bus, 'a9', `global;${id}`)?.length === 1);
});

test('an aggregator that refuses is asked again, later and later', async () => {
  let refusals = 3;
  await addAggregator(front.bus, 'a0', 1, () => {
    if (refusals-- > 0) throw new CaError('INTERNAL', 'not now');
    return {};
  });
  await addNode(front.bus, 'n1');
  const id = await create();
  const asked = (): number => front.bus.calls.filter(({ type }) => type === 'enable_aggregation').length;
  await front.bus.until(() => front.config.reconciler.homeTrouble(`global;${id}`) === 'not now');
  for (const [seconds, calls] of [
    [1, 2],
    [2, 3],
    [4, 4],
  ] as const) {
    for (let i = 0; i < seconds; i++) {
      await front.bus.say(aggregatorKey('a0'), 'alive', {});
      front.clock.pass(1);
    }
    await front.bus.until(() => asked() === calls);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(front.config.reconciler.homeTrouble(`global;${id}`)).toBeUndefined();
});

test('pausing stops the nodes and keeps the aggregator; resuming starts them again', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  const fqid = `global;${id}`;
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
  await front.ask('PUT', `/ca/instrumentations/${id}`, { enabled: false });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 0);
  await front.bus.until(() => gathers('n1').length === 0);
  expect(front.config.reconciler.countsOf(fqid)).toMatchObject({ stopped: 1, enabled: 0 });
  expect(front.bus.calls.some(({ type }) => type === 'disable_aggregation')).toBe(false);
  await front.ask('PUT', `/ca/instrumentations/${id}`, { enabled: true });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
  await front.bus.until(() => gathers('n1').length === 1);
});

test('after a restart homes are kept, and nobody is told that no node reports', async () => {
  await addAggregator(front.bus, 'a0');
  await addAggregator(front.bus, 'a1');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.store.flushed();
  const again = await testFront({ folder: front.folder });
  try {
    await addAggregator(again.bus, 'a1');
    again.clock.pass(1);
    await addAggregator(again.bus, 'a0');
    await addNode(again.bus, 'n1');
    expect(expectedNodes(again.bus, 'a0', `global;${id}`)).toBeUndefined();
    await again.bus.say(aggregatorKey('a0'), 'alive', {});
    again.clock.pass(2);
    await again.bus.until(() => expectedNodes(again.bus, 'a0', `global;${id}`) !== undefined);
    expect(expectedNodes(again.bus, 'a0', `global;${id}`)).toEqual(['n1']);
    expect(expectedNodes(again.bus, 'a1', `global;${id}`)).toBeUndefined();
  } finally {
    await again.close();
  }
});

test('a node whose offers change is told anew', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1', undefined, { offers: [] });
  await addNode(front.bus, 'n2');
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  await addNode(front.bus, 'n1', undefined, { offers: OFFERS });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 2);
});
