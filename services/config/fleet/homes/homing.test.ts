import { join } from 'node:path';
import { FleetStore } from '../../state/fleet-store';
import { filesIn } from '../../state/storage';
import { addAggregator, addNode, aggregatorKey } from '../../testing/fake-fleet';
import { testFront, type TestFront } from '../../testing/test-front';
import type { Body } from '../../../../common/wire/message';

const QUESTION = { module: 'syscall', stat: 'syscalls', 'idle-max': 0 };
const ID = 'global;1';

let front: TestFront;
beforeEach(async () => {
  front = await testFront();
  await addNode(front.bus, 'n1');
});
afterEach(() => front.close());

async function create(more: object = {}): Promise<void> {
  expect((await front.ask('POST', '/ca/instrumentations', { ...QUESTION, ...more })).status).toBe(201);
}

/** Seconds in which only these aggregators are heard of. */
async function pass(seconds: number, ...heard: string[]): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    front.clock.pass(1);
    for (const instance of heard) await front.bus.say(aggregatorKey(instance), 'alive', {});
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const homes = (id = ID): readonly string[] => front.config.reconciler.homesOf(id);
const ranked = (id = ID): string[] => front.config.reconciler.ranked(id).map(({ instance }) => instance);
const told = (instance: string, type = 'enable_aggregation'): Body<'enable_aggregation'>[] =>
  front.bus.calls
    .filter((call) => call.to === aggregatorKey(instance) && call.type === type)
    .map(({ body }) => body as Body<'enable_aggregation'>);

/** Each on a host of its own: the tests' bus names hosts by the last part of a key. */
async function three(): Promise<void> {
  for (const instance of ['a0', 'a1', 'a2']) await addAggregator(front.bus, instance);
}

test('two aggregators get a question with replicas 2, nodes are told once, and only one exports it', async () => {
  await three();
  await create({ replicas: 2, export: { prometheus: {} } });
  await front.bus.until(() => homes().length === 2 && ranked().length === 2);
  const [first = '', second = ''] = homes();
  await front.bus.until(() => told(first).length > 0 && told(second).length > 0);
  expect(told(first).at(-1)?.instrumentation.export).toEqual({ prometheus: {} });
  expect(told(second).at(-1)?.instrumentation.export).toBeUndefined();
  const documents = front.bus.told.filter(
    ({ to, type, body }) => to === 'ca.broadcast' && type === 'gathers' && (body['put'] as []).length > 0,
  );
  expect(JSON.stringify(documents)).not.toContain('replicas');
  expect(documents).toHaveLength(1);
  await front.store.flushed();
  expect(front.store.records.get(ID)).toMatchObject({ aggregator: first, others: [second] });
  const { json } = await front.ask('GET', '/ca/instrumentations/1');
  expect(json).toMatchObject({ replicas: 2, aggregators: [first, second] });
});

test('replicas can be changed: a second one comes, and goes when the other has what it had', async () => {
  await three();
  await create();
  await pass(6, 'a0', 'a1', 'a2');
  expect(homes()).toEqual(['a0']);
  await front.ask('PUT', '/ca/instrumentations/1', { replicas: 2 });
  expect(homes()).toHaveLength(2);
  await pass(8, 'a0', 'a1', 'a2');
  expect(homes()).toHaveLength(2);
  await front.ask('PUT', '/ca/instrumentations/1', { replicas: 1 });
  await pass(2, 'a0', 'a1', 'a2');
  expect(homes()).toHaveLength(1);
  expect((await front.ask('PUT', '/ca/instrumentations/1', { replicas: 3 })).status).toBe(400);
});

test('with one aggregator a question with replicas 2 is taken all the same, and gets its second one later', async () => {
  await addAggregator(front.bus, 'a0');
  await create({ replicas: 2 });
  expect(homes()).toEqual(['a0']);
  await pass(16, 'a0');
  expect(front.config.reconciler.homeTrouble(ID)).toMatch(/^is whole in 1 of 2 aggregators/);
  await addAggregator(front.bus, 'a1');
  await front.bus.until(() => ranked().length === 2);
  await pass(7, 'a0', 'a1');
  expect(front.config.reconciler.homeTrouble(ID)).toBeUndefined();
});

test('one that stays away is replaced; when it comes back it is used until the others have what it has', async () => {
  await three();
  await create({ replicas: 2 });
  await pass(7, 'a0', 'a1', 'a2');
  const [first = '', second = ''] = homes();
  const third = ['a0', 'a1', 'a2'].find((one) => !homes().includes(one)) ?? '';
  await front.bus.say(aggregatorKey(first), 'offline', {});
  expect(ranked()).toEqual([second]); // asked at once
  await pass(13, second, third);
  expect(homes()).toHaveLength(2);
  await pass(4, second, third);
  expect(new Set(homes())).toEqual(new Set([first, second, third]));
  expect(told(first, 'disable_aggregation')).toEqual([]);
  await addAggregator(front.bus, first);
  expect(ranked()).toContain(first);
  await pass(8, first, second, third);
  expect(homes()).toHaveLength(2);
});

test('one that has just come back is asked last: it has gaps', async () => {
  await three();
  await create({ replicas: 2 });
  await pass(7, 'a0', 'a1', 'a2');
  const [first = '', second = ''] = ranked();
  await addAggregator(front.bus, first); // restarted
  await front.bus.until(() => told(first).length > 1);
  await pass(1, 'a0', 'a1', 'a2');
  expect(ranked()).toEqual([second, first]);
  await pass(7, 'a0', 'a1', 'a2');
  expect(new Set(ranked())).toEqual(new Set([first, second]));
});

test('one that falls silent is asked last before it is given up', async () => {
  await three();
  await create({ replicas: 2 });
  await pass(7, 'a0', 'a1', 'a2');
  const [first = '', second = ''] = ranked();
  front.bus.members.set(aggregatorKey(first), () => undefined); // frozen: it has a queue and does not answer
  await pass(4, ...['a0', 'a1', 'a2'].filter((one) => one !== first));
  expect(ranked()).toEqual([second, first]);
});

test('an aggregator that is added takes over its share within a minute, a few at a time, without a gap', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < 60; i++) await create();
  await pass(7, 'a0');
  await addAggregator(front.bus, 'a1');
  const ids = Array.from({ length: 60 }, (_, i) => `global;${i + 1}`);
  let fewest = Infinity;
  for (let second = 0; second < 60; second++) {
    await pass(1, 'a0', 'a1');
    fewest = Math.min(fewest, ...ids.map((id) => ranked(id).length));
  }
  expect(fewest).toBe(1);
  const at = (instance: string): number => ids.filter((id) => homes(id).includes(instance)).length;
  expect([at('a0') + at('a1'), Math.abs(at('a0') - at('a1')) < 20]).toEqual([60, true]);
  const before = ids.map((id) => homes(id)[0]);
  await pass(60, 'a0', 'a1');
  expect(ids.map((id) => homes(id)[0])).toEqual(before); // and nothing moves for nothing
});

const put = async (name: string, state: string): Promise<{ instrumentations: number }> => {
  const { status, json } = await front.ask('PUT', `/ca/admin/aggregators/${name}`, { state });
  expect(status).toBe(200);
  return json as { instrumentations: number };
};

test('draining moves everything away, and is over when the others have the past; nothing goes there until it is undone', async () => {
  await addAggregator(front.bus, 'a0');
  for (let i = 0; i < 5; i++) await create();
  await pass(6, 'a0');
  expect(await put('a0', 'drained')).toMatchObject({ instrumentations: 5 }); // nowhere to go
  await pass(3, 'a0');
  expect(homes()).toEqual(['a0']);
  await addAggregator(front.bus, 'a1');
  await pass(3, 'a0', 'a1');
  expect(told('a0', 'disable_aggregation')).toEqual([]); // the past has not been copied yet
  await pass(5, 'a0', 'a1');
  expect(told('a0', 'disable_aggregation')).toHaveLength(5);
  const { json } = await front.ask('GET', '/ca/admin/aggregators');
  expect(json).toMatchObject({
    aggregators: [
      { instance: 'a0', state: 'drained', instrumentations: 0 },
      { instance: 'a1', state: 'online', instrumentations: 5 },
    ],
    drained: ['a0'],
  });
  await create({ replicas: 2 });
  expect(homes('global;6')).toEqual(['a1']);
  await put('a0', 'active');
  await pass(1, 'a0', 'a1');
  expect(homes('global;6')).toEqual(['a1', 'a0']);
  expect((await front.ask('PUT', '/ca/admin/aggregators/nobody', { state: 'drained' })).status).toBe(404);
});

test('what is drained stays drained over a restart', async () => {
  await addAggregator(front.bus, 'a0');
  await put('a0', 'drained');
  const again = await FleetStore.open(await filesIn(join(front.folder, 'config')));
  expect([...again.state.drained]).toEqual(['a0']);
});
