import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAggregator, addNode, nodeKey } from '../testing/fake-fleet';
import { testFront } from '../testing/test-front';
import { filesIn } from './storage';
import { Store } from './store';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-lost-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('who begins anew gives out no id that an earlier state can have given out, in any scope, after a restart too', async () => {
  const now = 1_764_000_000_000;
  const store = await Store.open(await filesIn(folder), now);
  expect(store.isNew).toBe(false);
  const ids = await store.change((draft) => [draft.nextId(undefined), draft.nextId('c')]);
  expect(ids).toEqual([String(now + 1), String(now + 1)]);
  expect(await store.boards.change((draft) => draft.nextId('c'))).toBe(String(now + 1));
  const again = await Store.open(await filesIn(folder), now + 5000);
  expect(await again.change((draft) => [draft.nextId(undefined), draft.nextId('d')])).toEqual([
    String(now + 2),
    String(now + 1),
  ]);
});

test('a new deployment begins with 1, and setting the flag on a state changes nothing', async () => {
  const store = await Store.open(await filesIn(folder));
  expect(store.isNew).toBe(true);
  expect(await store.change((draft) => draft.nextId(undefined))).toBe('1');
  const again = await Store.open(await filesIn(folder), 1e12);
  expect(again.isNew).toBe(false);
  expect(await again.change((draft) => draft.nextId(undefined))).toBe('2');
});

test('what refuses changes says why, and keeps the state', async () => {
  const store = await Store.open(await filesIn(folder));
  store.refuse('there is no state here');
  expect(store.trouble).toBe('there is no state here');
  await expect(store.change((draft) => draft.nextId(undefined))).rejects.toMatchObject({
    code: 'NO_RESOURCE',
    message: 'there is no state here',
  });
});

const QUESTION = { module: 'syscall', stat: 'syscalls', decomposition: ['execname'] };
const LIST = '/ca/instrumentations';

test('a service without a state ends nothing that nodes gather by a former one, and says what to do', async () => {
  const before = await testFront();
  await addAggregator(before.bus, 'a0', 1);
  const { bus } = before;
  await addNode(bus, 'n1');
  const node = bus.nodes.get(nodeKey('n1'));
  if (node === undefined) throw new Error('no node');
  expect((await before.ask('POST', LIST, QUESTION)).status).toBe(201);
  await eventually(() => node.gathered.size === 1);
  await before.close();

  const lost = await testFront({ bus });
  try {
    await bus.say(nodeKey('n1'), 'instrumenter_online', { standing: node.standing });
    const told = bus.told.length;
    expect(await lost.ask('POST', LIST, QUESTION)).toMatchObject({
      status: 503,
      json: {
        error: { message: expect.stringMatching(/no state here, but node n1 .*CA_BEGIN_ANEW=yes/) as string },
      },
    });
    await bus.say(nodeKey('n1'), 'want_gathers', {});
    lost.clock.pass(20);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bus.told.slice(told).filter(({ type }) => type === 'gathers')).toEqual([]);
    expect(node.gathered.size).toBe(1);
    expect(lost.config.trouble).toContain('CA_HOME/config');
  } finally {
    await lost.close();
  }
});

test('nodes that gather nothing keep no new service from its first question', async () => {
  const front = await testFront();
  await addAggregator(front.bus, 'a0', 1);
  await addNode(front.bus, 'n1');
  expect((await front.ask('POST', LIST, QUESTION)).status).toBe(201);
  await front.close();
});

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
