import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { userOf, type Identity } from '../../common/wire/identity';
import { routes } from '../../common/wire/route';
import { freePorts } from './ports';
import { startStack, type Stack } from './stack';
import { buildFolder } from './checkout';
import { Thief } from '../testing/thief';
import { until } from '../testing/until';

/* What one node's credentials permit, tried with a plain client on the real broker and real services. */

jest.setTimeout(180_000);

const NODE: Identity = { role: 'node', host: 'node-a' };
const keys = routes('');
const OWN = keys.instrumenter('node-a');
const { values, up, down } = keys.exchanges;

let home: string;
let stack: Stack;
let thief: Thief;
let question: string;
const open: ChannelModel[] = [];

beforeAll(async () => {
  mkdirSync(join(buildFolder(), 'e2e'), { recursive: true });
  home = mkdtempSync(join(buildFolder(), 'e2e', 'trust-'));
  const [httpPort = 0] = await freePorts(1);
  stack = await startStack({
    home,
    httpPort,
    aggregators: 1,
    hosts: ['node-a', 'node-b'],
    sources: ['synthetic'],
  });
  thief = new Thief(stack.urlOf(NODE), 'node-a');
  question = await create({ module: 'syscall', stat: 'syscalls' });
});
afterEach(async () => {
  for (const model of open.splice(0)) await model.close().catch(() => undefined);
});
afterAll(async () => {
  await stack?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function create(properties: object): Promise<string> {
  const made = await fetch(new URL('/ca/instrumentations', stack.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(properties),
  });
  const { uri } = (await made.json()) as { uri: string };
  await until('every node gathering', 30_000, async () => {
    const { state } = await get<{ state: { enabled: number } }>(uri);
    return state.enabled === 2 ? true : undefined;
  });
  await until('every node reporting', 30_000, async () =>
    (await newest(uri)).minreporting === 2 ? true : undefined,
  );
  return uri;
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(new URL(path, stack.url))).json()) as T;
}

interface Raw {
  readonly value: number;
  readonly minreporting: number;
  readonly nsources: number;
  readonly lost: number;
}
const newest = (uri: string): Promise<Raw> => get<Raw>(`${uri}/value/raw`);

async function operator(): Promise<ChannelModel> {
  const model = await connect(stack.amqpUrl);
  open.push(model);
  return model;
}

const status = (): Promise<Record<string, unknown>> => get('/ca/admin/status');
const counts = async (service: 'config' | 'aggregator'): Promise<Record<string, number>> => {
  const all = await get<{
    counts: { messages: Record<string, number> };
    aggregators: { status: { peer: Record<string, number>; counts: Record<string, number> } }[];
  }>('/ca/admin/status?recurse=true');
  const [aggregator] = all.aggregators;
  return service === 'config'
    ? all.counts.messages
    : { ...aggregator?.status.counts, ...aggregator?.status.peer };
};

describe('a node’s credentials, at the broker', () => {
  test('cannot read values: of nobody, under no key, by no queue', async () => {
    for (const key of [keys.instrumentation('global;1'), '#', OWN]) {
      expect(await thief.refusal((c) => c.bindQueue(OWN, values, key))).toMatch(/ACCESS_REFUSED/);
    }
    expect(await thief.refusal((c) => c.assertQueue(''))).toMatch(/ACCESS_REFUSED/);
    expect(await thief.refusal((c) => c.consume('ca.aggregator.node-a-0:values', () => undefined))).toMatch(
      /ACCESS_REFUSED/,
    );
    expect(await thief.refusal((c) => c.get('ca.aggregator.node-a-0:values'))).toMatch(/ACCESS_REFUSED/);
    expect(await thief.refusal((c) => c.bindExchange(up, values, 'k'))).toMatch(/ACCESS_REFUSED/);
  });

  test("cannot hear another node's commands, nor what is for services", async () => {
    for (const exchange of [down, up, 'amq.direct', 'amq.topic', 'amq.rabbitmq.trace'])
      expect(await thief.refusal((c) => c.bindQueue(OWN, exchange, keys.instrumenter('node-b')))).toMatch(
        /ACCESS_REFUSED/,
      );
    for (const queue of [keys.instrumenter('node-b'), keys.config, keys.aggregator('node-a-0')]) {
      expect(await thief.refusal((c) => c.consume(queue, () => undefined))).toMatch(/ACCESS_REFUSED/);
      expect(await thief.refusal((c) => c.get(queue))).toMatch(/ACCESS_REFUSED/);
      expect(await thief.refusal((c) => c.purgeQueue(queue))).toMatch(/ACCESS_REFUSED/);
    }
    // Its own is accepted, as long as the node has it.
    expect(await thief.refusal((c) => c.consume(OWN, () => undefined))).toMatch(/exclusive use/);
  });

  test('cannot send a command, by any exchange', async () => {
    const body = thief.message('abort', {});
    for (const exchange of [down, '', 'amq.direct', 'amq.fanout', 'amq.topic'])
      for (const key of [keys.instrumenter('node-b'), keys.broadcast, keys.config])
        expect(await thief.refusal((c) => c.publish(exchange, key, body, thief.control('abort')))).toMatch(
          /ACCESS_REFUSED/,
        );
  });

  test('cannot say that it is somebody else', async () => {
    for (const userId of ['config', 'operator', 'node-node-b', 'aggregator-node-a'])
      expect(
        await thief.refusal((c) =>
          c.publish(up, keys.config, thief.message('alive', {}), { ...thief.control('alive'), userId }),
        ),
      ).toMatch(/user_id property set to/);
  });

  test('cannot delete or declare an exchange, nor a queue of another', async () => {
    for (const exchange of [values, up, down, 'ca.other', 'amq.direct']) {
      expect(await thief.refusal((c) => c.deleteExchange(exchange))).toMatch(/ACCESS_REFUSED/);
      expect(await thief.refusal((c) => c.assertExchange(exchange, 'fanout'))).toMatch(
        /ACCESS_REFUSED|PRECONDITION/,
      );
    }
    for (const queue of [
      keys.instrumenter('node-b'),
      keys.config,
      keys.aggregator('node-a-0'),
      `${OWN}x`,
      `${OWN}:x`,
    ]) {
      expect(await thief.refusal((c) => c.deleteQueue(queue))).toMatch(/ACCESS_REFUSED/);
      expect(await thief.refusal((c) => c.assertQueue(queue))).toMatch(/ACCESS_REFUSED/);
    }
  });
});

describe('a node’s credentials, at the services', () => {
  test('no message but its own kinds is taken, whatever it says of its sender', async () => {
    const before = await counts('config');
    await thief.send(keys.config, 'abort', {});
    await thief.send(keys.config, 'dump', { content: true });
    await thief.send(keys.config, 'status', {});
    await thief.send(keys.config, 'abort', {}, { from: keys.config, host: 'node-a' });
    await thief.send(keys.config, 'abort', {}, { from: keys.tool('desk', 1) });
    await thief.send(keys.aggregator('node-a-0'), 'abort', {});
    await thief.send(keys.aggregator('node-a-0'), 'front_door', { secret: 'x'.repeat(32) });
    await thief.send(keys.aggregator('node-a-0'), 'disable_aggregation', { fqid: 'global;1', deleted: true });
    await thief.send(keys.aggregator('node-a-0'), 'disable_aggregation', { fqid: '', deleted: true });
    await until('the refusals', 5000, async () => {
      const { refused = 0 } = await counts('config');
      return refused >= (before['refused'] ?? 0) + 5 ? true : undefined;
    });
    expect(await newest(question)).toMatchObject({ minreporting: 2 });
    expect(stack.config.failure()).toBeUndefined();
  });

  test('it cannot pass for an aggregator', async () => {
    const hello = { instance: 'node-a-0', httpHost: '127.0.0.1', httpPort: 6666 };
    await thief.send(keys.config, 'aggregator_online', hello);
    await thief.send(keys.config, 'aggregator_online', hello, { from: keys.aggregator('node-a-0') });
    await thief.send(
      keys.config,
      'aggregator_online',
      { ...hello, instance: 'x-1' },
      { from: keys.aggregator('x-1') },
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { aggregators } = (await status()) as { aggregators: { instance: string; httpPort: number }[] };
    expect(aggregators.map(({ instance }) => instance)).toEqual(['node-a-0']);
    expect(aggregators[0]?.httpPort).not.toBe(6666);
  });

  test('it cannot say that another node goes, comes, or how it stands', async () => {
    const other = { from: keys.instrumenter('node-b'), host: 'node-b' };
    const digest = 'f'.repeat(22);
    const standing = { catalogue: digest, gathers: digest, exceptions: digest };
    await thief.send(keys.config, 'offline', {}, other);
    await thief.send(keys.config, 'offline', {}, { host: 'node-b' });
    await thief.send(keys.config, 'instrumenter_online', { standing }, other);
    await thief.send(keys.config, 'alive', { standing }, other);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { state } = await get<{ state: Record<string, number> }>(question);
    expect(state).toMatchObject({ enabled: 2, failed: 0 });
  });

  test('an answer to what another was asked is none', async () => {
    const { unroutable = 0 } = await counts('config');
    for (const to of ['1.1', '1', '-', 'x1'])
      await thief.send(keys.aggregator('node-a-0'), 'answer', { to, body: { time: Date.now() + 7_200_000 } });
    const raw = await newest(question);
    expect(raw).toMatchObject({ minreporting: 2, lost: 0 });
    expect(unroutable).toBe((await counts('config'))['unroutable']);
  });

  test('it cannot report for another host, nor for what it was not asked', async () => {
    const second = Math.floor(Date.now() / 1000) + 3;
    const before = await counts('aggregator');
    await thief.report('global;1', 'node-b', second, 7);
    await thief.report('global;1', 'ghost', second, 999_999_999);
    await until('the refusals', 5000, async () =>
      ((await counts('aggregator'))['refused'] ?? 0) >= (before['refused'] ?? 0) + 2 ? true : undefined,
    );
    // Limited to the other node, so that this one is never asked for it.
    const onlyB = await fetch(new URL('/ca/instrumentations', stack.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ module: 'syscall', stat: 'syscalls', enabled: false }),
    });
    const { uri } = (await onlyB.json()) as { uri: string };
    const id = uri.split('/').at(-1) ?? '';
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await thief.report(`global;${id}`, 'node-a', Math.floor(Date.now() / 1000) - 1, 999_999_999);
    await until('the report being refused', 5000, async () =>
      ((await counts('aggregator'))['unnamed'] ?? 0) > (before['unnamed'] ?? 0) ? true : undefined,
    );
    expect(await newest(uri)).toMatchObject({ value: 0, minreporting: 0 });
    await until('the second being over', 15_000, () => Date.now() / 1000 > second + 2 || undefined);
    const raw = await get<Raw>(`${question}/value/raw?start_time=${second}&duration=1`);
    expect(raw).toMatchObject({ minreporting: 2, nsources: 2 });
    expect(raw.value).toBeLessThan(999_999_999);
  });
});

test.each([[[values]], [[up]], [[down]], [[values, up, down]]])(
  'when %p is deleted by an operator’s slip, all is well again within seconds, and no restart is needed',
  async (gone) => {
    const channel = await (await operator()).createChannel();
    for (const exchange of gone) await channel.deleteExchange(exchange);
    const deleted = Math.floor(Date.now() / 1000);
    await until('values again', 10_000, async () =>
      Date.now() / 1000 > deleted + 3 && (await newest(question)).minreporting === 2 ? true : undefined,
    );
    // Commands reach nodes, and their answers the config service.
    const other = await create({ module: 'syscall', stat: 'syscalls' });
    await fetch(new URL(other, stack.url), { method: 'DELETE' });
    expect(await (await fetch(new URL('/readyz', stack.url))).json()).toEqual({ ok: true });
    // Values sent meanwhile were requested again.
    await until('the seconds between', 20_000, async () => {
      const raw = await get<Raw>(`${question}/value/raw?start_time=${deleted}&duration=4&timeout=0`);
      return raw.minreporting === 2 ? true : undefined;
    });
  },
);

test('each service has a user of its own, and status says that senders are proved', async () => {
  expect(await status()).toMatchObject({ bus: { ok: true, sharedUser: false } });
  for (const identity of [{ role: 'config' }, NODE, { role: 'aggregator', host: 'node-a' }] as const)
    expect(new URL(stack.urlOf(identity)).username).toBe(userOf(identity, ''));
  const seen: ConsumeMessage[] = [];
  const channel = await (await operator()).createChannel();
  await channel.assertQueue('ca.tool.test', { exclusive: true });
  await channel.bindQueue('ca.tool.test', values, keys.instrumentation('global;1'));
  await channel.consume('ca.tool.test', (m) => m !== null && seen.push(m), { noAck: true });
  await until('values of both', 5000, () => seen[3]);
  expect(new Set(seen.map(({ properties }) => (properties as { userId: string }).userId))).toEqual(
    new Set(['node-node-a', 'node-node-b']),
  );
});
