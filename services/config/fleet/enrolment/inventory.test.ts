/* Who should be there: through the front door, with members on a bus in memory. */
import { addAggregator, addNode, expectedNodes, gathered, nodeKey } from '../../testing/fake-fleet';
import { testFront, type TestFront } from '../../testing/test-front';
import { FleetStore } from '../../state/fleet-store';
import { join } from 'node:path';
import { filesIn } from '../../state/storage';

let front: TestFront;
beforeEach(async () => {
  front = await testFront();
});
afterEach(() => front.close());

const nodes = async (query = ''): Promise<Record<string, string>> => {
  const { json } = await front.ask('GET', `/ca/admin/nodes${query}`);
  const rows = (json as { nodes: { host: string; state: string }[] }).nodes;
  return Object.fromEntries(rows.map(({ host, state }) => [host, state]));
};
const change = (host: string, state: string) => front.ask('PUT', `/ca/admin/nodes/${host}`, { state });
const strict = async (): Promise<number> => (await front.ask('GET', '/readyz?strict')).status;

/** As a power cut does: its queue is gone, and it said nothing. */
async function kill(host: string): Promise<void> {
  front.bus.members.delete(nodeKey(host));
  front.bus.nodes.delete(nodeKey(host));
  for (let i = 0; i < 40 && front.config.members.isOnline(nodeKey(host)); i++) {
    front.clock.pass(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(front.config.members.isOnline(nodeKey(host))).toBe(false);
}

test('a node that was named is missed from half a minute on, until it comes or is forgotten', async () => {
  const added = await front.ask('POST', '/ca/admin/nodes', { hosts: ['n1', 'n2'] });
  expect(added.json).toEqual({ added: 2 });
  expect(await nodes()).toEqual({ n1: 'starting', n2: 'starting' });
  front.clock.pass(31);
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  expect(await nodes()).toEqual({ n1: 'online', n2: 'silent' });
  expect((await front.ask('GET', '/readyz')).status).toBe(200);
  const { status, text } = await front.ask('GET', '/readyz?strict');
  expect([status, text]).toEqual([503, expect.stringContaining('1 of 2 expected nodes are silent')]);
  // Monitors need no token for it, so it names nobody.
  expect(text).not.toContain('n2');
  const { text: metrics } = await front.ask('GET', '/metrics');
  expect(metrics).toMatch(/^ca_nodes_expected 2$/m);
  expect(metrics).toMatch(/^ca_nodes_silent 1$/m);
  expect((await front.ask('GET', '/ca/admin/status')).json).toMatchObject({
    inventory: { expected: 2, silent: 1, silentNodes: ['n2'] },
  });
  expect((await front.ask('DELETE', '/ca/admin/nodes/n2')).status).toBe(204);
  front.clock.pass(1);
  expect(await strict()).toBe(200);
  expect((await front.ask('DELETE', '/ca/admin/nodes/n2')).status).toBe(404);
});

test('a node that never joined is missed when it falls silent, and not when it said goodbye', async () => {
  await addAggregator(front.bus, 'a0');
  for (const host of ['n1', 'n2', 'n3']) await addNode(front.bus, host);
  expect(await nodes()).toEqual({ n1: 'guest', n2: 'guest', n3: 'guest' });
  await front.bus.say(nodeKey('n1'), 'offline', {});
  await kill('n2');
  expect(await nodes()).toEqual({ n2: 'silent', n3: 'guest' });
  expect(await strict()).toBe(503);
  await addNode(front.bus, 'n2');
  front.clock.pass(1);
  expect(await nodes()).toEqual({ n2: 'guest', n3: 'guest' });
  expect(await strict()).toBe(200);
});

test('one that joined is missed also when it said goodbye', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await front.ask('POST', '/ca/admin/nodes', { online: true });
  front.clock.pass(40);
  await front.bus.say(nodeKey('n1'), 'offline', {});
  expect(await nodes('?state=silent')).toEqual({ n1: 'silent' });
});

test('the inventory survives a restart, and after it nodes have time to come', async () => {
  await front.ask('POST', '/ca/admin/nodes', { hosts: ['n1'] });
  const folder = join(front.folder, 'config');
  expect([...(await FleetStore.open(await filesIn(folder))).state.nodes.keys()]).toEqual(['n1']);
  front.clock.pass(60);
  expect(await nodes()).toEqual({ n1: 'silent' });
  front.config.connected();
  expect(await nodes()).toEqual({ n1: 'starting' });
});

test('a drained node gathers nothing, hears nothing and is not missed, until it is taken back', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await addNode(front.bus, 'n2');
  await front.ask('POST', '/ca/admin/nodes', { online: true });
  await front.ask('POST', '/ca/instrumentations', { module: 'syscall', stat: 'syscalls' });
  await front.bus.until(() => gathered(front.bus, 'n2').size === 1);
  expect((await change('n2', 'drained')).json).toMatchObject({ host: 'n2', state: 'drained' });
  expect(gathered(front.bus, 'n2').size).toBe(0);
  expect(expectedNodes(front.bus, 'a0', 'global;1')).toEqual(['n1']);
  await front.bus.until(() => front.bus.disowned.includes(nodeKey('n2')));
  // It says that it hears nothing: nobody binds it.
  await front.bus.say(nodeKey('n2'), 'alive', {
    standing: front.bus.nodes.get(nodeKey('n2'))?.standing ?? { catalogue: '', gathers: '', exceptions: '' },
    deaf: true,
  });
  expect(front.bus.adopted).not.toContain(nodeKey('n2'));
  front.clock.pass(60);
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  expect(await nodes()).toEqual({ n1: 'online', n2: 'drained' });
  expect(await strict()).toBe(200);
  await change('n2', 'active');
  await addNode(front.bus, 'n2');
  expect(await nodes()).toMatchObject({ n2: 'online' });
});

test('a revoked node is out at once, aggregators count nothing of it, and it comes back only by joining again', async () => {
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
  await addNode(front.bus, 'n2');
  expect((await change('n2', 'revoked')).status).toBe(200);
  expect(front.config.members.isOnline(nodeKey('n2'))).toBe(false);
  const barred = (): unknown[] =>
    front.bus.told.filter(({ type, body }) => type === 'nodes' && body['barred'] !== undefined);
  await front.bus.until(() => barred().length > 0);
  expect(barred()).toMatchObject([{ to: 'ca.aggregator.a0', body: { barred: ['n2'] } }]);
  await addNode(front.bus, 'n2');
  expect(front.config.members.isOnline(nodeKey('n2'))).toBe(false);
  expect(await change('n2', 'active')).toMatchObject({ status: 409 });
  expect(await nodes()).toMatchObject({ n2: 'revoked' });
});

test.each(['..', 'a/b', 'a b', '-x', 'x.', 'a..b', '', 'é', 'x'.repeat(201)])(
  'the hostile name %j is no node',
  async (host) => {
    expect((await front.ask('POST', '/ca/admin/nodes', { hosts: [host] })).status).toBe(400);
    expect(await nodes()).toEqual({});
  },
);

test('what an operator asks for is checked, and unknown nodes are not there', async () => {
  expect((await change('n9', 'drained')).status).toBe(404);
  expect((await change('n9', 'happy')).status).toBe(400);
  expect((await front.ask('GET', '/ca/admin/nodes?state=sad')).status).toBe(400);
  expect((await front.ask('GET', '/ca/admin/nodes?limit=0')).status).toBe(400);
});

test('large fleets come page by page, the silent first', async () => {
  await front.ask('POST', '/ca/admin/nodes', { hosts: Array.from({ length: 30 }, (_, i) => `n${i}`) });
  front.clock.pass(31);
  await addNode(front.bus, 'n0');
  const { json } = await front.ask('GET', '/ca/admin/nodes?from=20&limit=5');
  expect(json).toMatchObject({ expected: 30, silent: 29, left: 5 });
  expect(Object.values(await nodes()).at(-1)).toBe('online');
});
