import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { SILENT } from '../../common/service/log';
import { connectBroker, type Broker, type Delivery } from '../../common/wire/broker';
import { routes, VALUES_EXCHANGE } from '../../common/wire/route';
import { isOpen } from './ports';
import { startBroker, type PrivateBroker } from './broker';
import { until } from '../testing/until';

jest.setTimeout(120_000);

let folder: string;
let rabbit: PrivateBroker;
const open: Broker[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ca-broker-'));
  rabbit = await startBroker(folder);
});
afterEach(async () => {
  for (const broker of open.splice(0)) await broker.close();
});
afterAll(async () => {
  await rabbit.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Client {
  readonly broker: Broker;
  readonly received: Delivery[];
  readonly returned: Delivery[];
  ups: number;
  downs: number;
}

async function client(queue: string): Promise<Client> {
  const received: Delivery[] = [];
  const returned: Delivery[] = [];
  const state = { ups: 0, downs: 0 };
  const broker = await connectBroker({
    url: rabbit.url,
    queue,
    log: SILENT,
    onMessage: (delivery) => received.push(delivery),
    onUp: () => state.ups++,
    onDown: () => state.downs++,
    onUnroutable: (delivery) => returned.push(delivery),
  });
  open.push(broker);
  return Object.assign(state, { broker, received, returned });
}

const text = (delivery: Delivery | undefined): string | undefined => delivery?.body.toString();

test('a message reaches exactly the queues bound to its key', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await b.broker.bind('shared');
  await a.broker.bind('shared');
  a.broker.publish('b', Buffer.from('for b'), 'text/plain');
  a.broker.publish('shared', Buffer.from('for both'), 'text/plain');
  await until('messages', 5000, () =>
    a.received.length === 1 && b.received.length === 2 ? true : undefined,
  );
  expect(text(a.received[0])).toBe('for both');
  expect(b.received.map(text)).toEqual(['for b', 'for both']);
  expect(b.received[0]).toMatchObject({ key: 'b', contentType: 'text/plain' });
});

test('what is published just before closing arrives', async () => {
  const receiver = await client('stays');
  const leaver = await client('leaves');
  for (let i = 0; i < 100; i++) leaver.broker.publish('stays', Buffer.from(String(i)), 'text/plain');
  await leaver.broker.close();
  await until('all have come', 5000, () => (receiver.received.length === 100 ? true : undefined));
});

test('a message with many keys reaches a queue bound to several of them once', async () => {
  const [a, b, c] = [await client('a'), await client('b'), await client('c')];
  const keys = Array.from({ length: 200 }, (_, i) => `ca.instrumentation.cust:somebody;${i}`);
  for (const key of keys.slice(0, 3)) await b.broker.bind(key);
  await c.broker.bind(keys.at(-1)!);
  const [first = '', ...copies] = keys;
  a.broker.publish(first, Buffer.from('values'), 'text/plain', false, copies);
  a.broker.publish('b', Buffer.from('end'), 'text/plain', false, ['c']);
  await until('messages', 5000, () => (b.received.length >= 2 && c.received.length >= 2 ? true : undefined));
  expect(b.received.map(text)).toEqual(['values', 'end']);
  expect(c.received.map(text)).toEqual(['values', 'end']);
});

test('values go through an exchange of their own, which is there again after somebody deletes it', async () => {
  const [a, b] = [await client('a'), await client('b')];
  const key = routes('t').instrumentation('global;1');
  await b.broker.bind(key);
  const other = await connect(rabbit.url);
  try {
    const channel = await other.createChannel();
    // The same key on the exchange of everything else reaches nobody.
    channel.publish('amq.direct', key, Buffer.from('stray'));
    a.broker.publish(key, Buffer.from('value'), 'text/plain');
    await until('the value', 5000, () => b.received[0]);
    expect(b.received.map(text)).toEqual(['value']);
    await channel.deleteExchange(VALUES_EXCHANGE);
  } finally {
    await other.close();
  }
  // The broker ends the channel of whoever publishes to what is not there; that is noticed and mended.
  a.broker.publish(key, Buffer.from('lost'), 'text/plain');
  await until('a to be up again', 20_000, () => (a.ups === 2 ? true : undefined));
  a.broker.publish(key, Buffer.from('unheard'), 'text/plain', true);
  await until('the return', 5000, () => a.returned[0]);
  await b.broker.bind(key);
  a.broker.publish(key, Buffer.from('again'), 'text/plain');
  await until('the value again', 5000, () => b.received[1]);
  expect(b.received.map(text)).toEqual(['value', 'again']);
});

test('after unbind nothing comes any more, and a mandatory message is returned', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await b.broker.bind('later');
  await b.broker.unbind('later');
  a.broker.publish('later', Buffer.from('nobody'), 'text/plain', true);
  await until('the return', 5000, () => a.returned[0]);
  expect(text(a.returned[0])).toBe('nobody');
  expect(b.received).toEqual([]);
});

test("nobody else can delete a service's queue: it is exclusive", async () => {
  await client('mine');
  const other = await connect(rabbit.url);
  try {
    const channel = await other.createChannel();
    channel.on('error', () => undefined);
    await expect(channel.deleteQueue('mine')).rejects.toThrow(/405/);
  } finally {
    await other.close();
  }
});

test('when the broker is killed and comes back, every client is up again with its bindings', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await b.broker.bind('kept');
  await rabbit.kill();
  await until('the loss to be noticed', 10_000, () => (a.downs === 1 && b.downs === 1 ? true : undefined));
  expect(a.broker.publish('kept', Buffer.from('lost'), 'text/plain')).toBe(false);
  await rabbit.start();
  await until('both to be up', 20_000, () => (a.ups === 2 && b.ups === 2 ? true : undefined));
  a.broker.publish('kept', Buffer.from('found'), 'text/plain');
  await until('the message', 5000, () => b.received[0]);
  expect(text(b.received[0])).toBe('found');
});

test('stopping leaves no port open and no process behind', async () => {
  const second = mkdtempSync(join(tmpdir(), 'ca-broker-'));
  const other = await startBroker(second);
  const pid = other.pid;
  await other.stop();
  expect(await isOpen(other.port)).toBe(false);
  expect(await isOpen(Number(other.env['ERL_EPMD_PORT']))).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  rmSync(second, { recursive: true, force: true });
});
