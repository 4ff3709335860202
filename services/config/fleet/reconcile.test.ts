import { CaError } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { AnswerBody } from '../../../common/wire/peer';
import { addAggregator, addNode, aggregatorKey, expectedNodes, nodeKey, OFFERS } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

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

const nodeCalls = (host: string): string[] =>
  front.bus.calls.filter(({ to, type }) => to === nodeKey(host) && type !== 'ping').map(({ type }) => type);
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
  expect(nodeCalls('n2')).toEqual([]);
  expect(nodes(id)).toEqual([
    { node: 'n1', state: 'enabled' },
    { node: 'n2', state: 'unsupported', reason: 'no BTF' },
  ]);
});

test('a node that cannot is failed with its reason; the others report', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'good');
  await addNode(front.bus, 'bad', () => {
    throw new CaError('INTERNAL', 'the verifier refused');
  });
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  expect(nodes(id)).toEqual([
    { node: 'good', state: 'enabled' },
    { node: 'bad', state: 'failed', reason: 'the verifier refused' },
  ]);
  front.clock.pass(60);
  expect(nodeCalls('bad')).toHaveLength(1);
});

test('a node that never answers delays nobody else', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'stuck', () => undefined);
  await addNode(front.bus, 'quick');
  const ids = [await create(), await create()];
  for (const id of ids) {
    await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.includes('quick') === true);
    expect(nodes(id)).toEqual([
      { node: 'stuck', state: 'enabling' },
      { node: 'quick', state: 'enabled' },
    ]);
  }
});

test('a storm of commands is sent so many at a time, over all nodes, and all are enabled in the end', async () => {
  await addAggregator(front.bus, 'a0');
  const hosts = Array.from({ length: 40 }, (_, i) => `n${i}`);
  const open: ((answer: AnswerBody) => void)[] = [];
  for (const host of hosts)
    await addNode(front.bus, host, () => new Promise((resolve) => open.push(resolve)));
  const ids = [];
  for (let i = 0; i < 20; i++) ids.push(await create());
  let answered = 0;
  while (answered < hosts.length * ids.length) {
    await front.bus.until(() => open.length > answered);
    // Without a limit all 800 are here at once.
    expect(open.length - answered).toBeLessThanOrEqual(LIMITS.callsInFlight);
    open[answered++]?.({ state: 'enabled' });
  }
  for (const id of ids) {
    await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === hosts.length);
  }
});

test('nodes that never answer do not hold up the others for longer than a second', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < LIMITS.callsInFlight; i++) await addNode(front.bus, `stuck${i}`, () => undefined);
  await addNode(front.bus, 'quick');
  const id = await create();
  expect(nodeCalls('quick')).toEqual([]);
  front.clock.pass(1);
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.includes('quick') === true);
});

test('what a node says itself is shown, and decides who should report', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  const fqid = `global;${id}`;
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
  await front.bus.say(nodeKey('n1'), 'probe_state', {
    fqid,
    state: 'failed',
    source: 'bpf',
    reason: 'map full',
    log: 'x',
  });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 0);
  expect(nodes(id)).toEqual([{ node: 'n1', state: 'failed', source: 'bpf', reason: 'map full', log: 'x' }]);
  await front.bus.say(nodeKey('n1'), 'probe_state', { fqid, state: 'enabled', source: 'synthetic' });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
  expect(nodes(id)).toEqual([{ node: 'n1', state: 'enabled', source: 'synthetic' }]);
});

test('deleting tells the aggregator and every node', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  const id = await create();
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  expect((await front.ask('DELETE', `/ca/instrumentations/${id}`)).status).toBe(204);
  await front.bus.until(() => nodeCalls('n1').includes('disable_instrumentation'));
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
  await front.bus.until(() => expectedNodes(front.bus, 'a0', `global;${id}`)?.length === 1);
  const expected = front.bus.told.findLast(({ type }) => type === 'expected_instrumentations');
  expect(expected).toMatchObject({ to: nodeKey('late'), body: { fqids: [`global;${id}`] } });
  await addNode(front.bus, 'late');
  await front.bus.until(() => nodeCalls('late').length === 2);
  expect(expectedNodes(front.bus, 'a0', `global;${id}`)).toEqual(['late']);
});

/** Seconds pass in which the aggregator, unlike the others, is heard of. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    front.clock.pass(1);
    await front.bus.say(aggregatorKey('a0'), 'alive', {});
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
  await pass(LIMITS.reconnectGraceMs / 1000 + 4);
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

test('when an aggregator is gone another one takes over, and the first is told to forget when it comes back', async () => {
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
  await front.bus.until(() =>
    front.bus.calls.some(({ to, type }) => to === aggregatorKey('a0') && type === 'disable_aggregation'),
  );
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
  expect(nodeCalls('n1')).toEqual(['enable_instrumentation', 'disable_instrumentation']);
  expect(front.bus.calls.some(({ type }) => type === 'disable_aggregation')).toBe(false);
  await front.ask('PUT', `/ca/instrumentations/${id}`, { enabled: true });
  await front.bus.until(() => expectedNodes(front.bus, 'a0', fqid)?.length === 1);
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
