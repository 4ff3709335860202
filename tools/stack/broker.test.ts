import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { SILENT } from '../../common/service/log';
import { connectBroker, type Broker, type Delivery } from '../../common/wire/broker/broker';
import { routes } from '../../common/wire/route';
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

const keys = routes('');
const TEXT = { contentType: 'text/plain' } as const;

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
    routes: keys,
    queue,
    log: SILENT,
    firstAttempts: 0,
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
  a.broker.publish('b', Buffer.from('for b'), TEXT);
  a.broker.publish('shared', Buffer.from('for both'), TEXT);
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
  for (let i = 0; i < 100; i++) leaver.broker.publish('stays', Buffer.from(String(i)), TEXT);
  await leaver.broker.close();
  await until('all have come', 5000, () => (receiver.received.length === 100 ? true : undefined));
});

test('a message with many keys reaches a queue bound to several of them once', async () => {
  const [a, b, c] = [await client('a'), await client('b'), await client('c')];
  const many = Array.from({ length: 200 }, (_, i) => keys.instrumentation(`cust:somebody;${i}`));
  for (const key of many.slice(0, 3)) await b.broker.bind(key);
  await c.broker.bind(many.at(-1)!);
  const [first = '', ...copies] = many;
  a.broker.publish(first, Buffer.from('values'), { ...TEXT, copies });
  a.broker.publish(first, Buffer.from('end'), { ...TEXT, copies: many.slice(-1) });
  await until('messages', 5000, () => (b.received.length >= 2 && c.received.length >= 2 ? true : undefined));
  expect(b.received.map(text)).toEqual(['values', 'end']);
  expect(c.received.map(text)).toEqual(['values', 'end']);
});

test('values go through an exchange of their own; when somebody deletes it, only they are lost, until it is mended', async () => {
  const [a, b] = [await client('a'), await client('b')];
  const key = keys.instrumentation('global;1');
  await b.broker.bind(key);
  const other = await connect(rabbit.url);
  try {
    const channel = await other.createChannel();
    // The same key on the exchange of everything else reaches nobody.
    channel.publish(keys.exchanges.up, key, Buffer.from('stray'));
    a.broker.publish(key, Buffer.from('value'), TEXT);
    await until('the value', 5000, () => b.received[0]);
    expect(b.received.map(text)).toEqual(['value']);
    await channel.deleteExchange(keys.exchanges.values);
  } finally {
    await other.close();
  }
  // The broker ends the channel of whoever publishes to what is not there; what is for others goes on.
  a.broker.publish(key, Buffer.from('lost'), TEXT);
  a.broker.publish('b', Buffer.from('control'), TEXT);
  await until('the other message', 5000, () => b.received[1]);
  await b.broker.mend(keys.exchanges.values);
  a.broker.publish(key, Buffer.from('again'), TEXT);
  await until('the value again', 5000, () => b.received[2]);
  expect(b.received.map(text)).toEqual(['value', 'control', 'again']);
  expect([a.ups, a.downs]).toEqual([1, 0]);
});

test('after unbind nothing comes any more, and a mandatory message is returned', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await b.broker.bind('later');
  await b.broker.unbind('later');
  a.broker.publish('later', Buffer.from('nobody'), { ...TEXT, mandatory: true });
  await until('the return', 5000, () => a.returned[0]);
  expect(text(a.returned[0])).toBe('nobody');
  expect(b.received).toEqual([]);
});

test('what is in a queue goes to one connection; a second one is refused with a reason', async () => {
  const { received } = await client('mine');
  await expect(client('mine')).rejects.toThrow(/in exclusive use/);
  open[0]?.publish('mine', Buffer.from('for the first'), TEXT);
  await until('the message', 5000, () => received[0]);
});

test('who binds for another is told when there is no such queue, and can go on', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await expect(a.broker.lend('nobody', ['nobody'])).rejects.toThrow(/no queue 'nobody'/);
  await a.broker.lend('b', ['lent']);
  a.broker.publish('lent', Buffer.from('for b'), TEXT);
  await until('the message', 5000, () => b.received[0]);
});

test('every message has the user that sent it, and its type', async () => {
  const [a, b] = [await client('a'), await client('b')];
  a.broker.publish('b', Buffer.from('hello'), { ...TEXT, type: 'greeting' });
  await until('the message', 5000, () => b.received[0]);
  expect(b.received[0]).toMatchObject({ user: 'ca', type: 'greeting' });
});

test('when the broker is killed and comes back, every client is up again with its bindings', async () => {
  const [a, b] = [await client('a'), await client('b')];
  await b.broker.bind('kept');
  await rabbit.kill();
  await until('the loss to be noticed', 10_000, () => (a.downs === 1 && b.downs === 1 ? true : undefined));
  expect(a.broker.publish('kept', Buffer.from('lost'), TEXT)).toBe(false);
  await rabbit.start();
  await until('both to be up', 20_000, () => (a.ups === 2 && b.ups === 2 ? true : undefined));
  a.broker.publish('kept', Buffer.from('found'), TEXT);
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
