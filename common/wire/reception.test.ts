import { SILENT } from '../service/log';
import type { BrokerOptions, Publishing } from './broker/broker';
import { DATA_CONTENT, encodeData } from './data';
import { CONTROL_CONTENT, PROTOCOL_VERSION, type Message, type MessageType } from './message';
import { Peer, type PeerOptions } from './peer';
import { routes } from './route';

/* What a peer accepts, by sender, size and rate. */

let broker: BrokerOptions;
const sent: { key: string; message: Message; how: Publishing }[] = [];
const lent: string[] = [];
let queues = new Set<string>();

jest.mock('./broker/broker', () => ({
  userIn: (url: string) => new URL(url).username,
  connectBroker: (options: BrokerOptions) => {
    broker = options;
    return Promise.resolve({
      connected: true,
      publish: (key: string, body: Buffer, how: Publishing) => {
        sent.push({ key, message: JSON.parse(body.toString()) as Message, how });
        return true;
      },
      bind: () => Promise.resolve(),
      declare: () => Promise.resolve(),
      mend: () => Promise.resolve(),
      lend: (queue: string, keys: readonly string[]) => {
        lent.push(`${queue}: ${keys.join(' ')}`);
        return queues.has(queue) ? Promise.resolve() : Promise.reject(new Error('no queue'));
      },
      close: () => Promise.resolve(),
    });
  },
}));

const keys = routes('');
const clock = { time: 1_700_000_000_000, now: () => clock.time, everySecond: () => () => undefined };
const open: Peer[] = [];
beforeEach(() => {
  sent.length = 0;
  lent.length = 0;
  queues = new Set();
});
afterEach(async () => {
  for (const peer of open.splice(0)) await peer.close();
});

async function peerAs(user: string, key: string, log: Partial<PeerOptions['log']> = {}): Promise<Peer> {
  const url = `amqp://${user}:x@broker/`;
  const peer = new Peer({ url, routes: keys, host: 'h1', key, clock, log: { ...SILENT, ...log } });
  open.push(peer);
  await peer.connect();
  return peer;
}

function deliver(
  user: string | undefined,
  from: string,
  type: MessageType,
  body: object,
  more: object = {},
): void {
  const host = from.split('.').at(-1) ?? '';
  const envelope = { version: PROTOCOL_VERSION, type, id: 'i', time: clock.time, host, from, body, ...more };
  broker.onMessage({
    key: 'k',
    body: Buffer.from(JSON.stringify(envelope)),
    contentType: CONTROL_CONTENT,
    user,
    type,
  });
}

test('an answer counts only from the callee, whatever its id', async () => {
  const peer = await peerAs('config', keys.config);
  const asked = peer.call(keys.instrumenter('n1'), 'ping', {}, 1000);
  const id = sent.at(-1)?.message.id ?? '';
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  deliver('node-n2', keys.instrumenter('n2'), 'answer', { to: id, body: { time: 7 } });
  deliver('node-n2', keys.instrumenter('n1'), 'answer', { to: id, body: { time: 7 } });
  deliver(undefined, keys.instrumenter('n1'), 'answer', { to: id, body: { time: 7 } });
  deliver('node-n1', keys.instrumenter('n1'), 'answer', { to: '1.1', body: { time: 7 } });
  deliver('node-n1', keys.instrumenter('n1'), 'answer', { to: id, body: { time: 5 } });
  expect(await asked).toEqual({ time: 5 });
  expect(peer.counts.refused).toBe(2);
});

test('of many peers asked at once, each answers once', async () => {
  const peer = await peerAs('operator', keys.tool('desk', 1));
  const heard: string[] = [];
  const all = peer.gather(keys.broadcast, 'status', {}, 1000, (_b, { from }) => heard.push(from) === 2);
  const id = sent.at(-1)?.message.id ?? '';
  for (const host of ['n1', 'n1', 'n1', 'n2'])
    deliver(`node-${host}`, keys.instrumenter(host), 'answer', { to: id });
  await all;
  expect(heard).toEqual([keys.instrumenter('n1'), keys.instrumenter('n2')]);
});

test('values belong to the host whose user sent them', async () => {
  const peer = await peerAs('aggregator-h1', keys.aggregator('h1-0'));
  const taken: string[] = [];
  peer.onValues(({ node }) => taken.push(node));
  const send = (user: string | undefined, node: string): void => {
    const body = encodeData({ node, second: 1, duration: 1, sent: 1, reports: [] });
    broker.onMessage({ key: 'k', body, contentType: DATA_CONTENT, user, type: undefined });
  };
  for (const user of ['node-n2', 'aggregator-h1', 'config', 'operator', 'ca', undefined]) send(user, 'n1');
  send('node-n1', 'n1');
  expect(taken).toEqual(['n1']);
  expect(peer.counts).toMatchObject({ refused: 6, malformed: 0 });
});

test('a sender above its rate is no longer read, and does not affect others', async () => {
  const peer = await peerAs('aggregator-h1', keys.aggregator('h1-0'));
  let taken = 0;
  peer.onValues(() => taken++);
  const send = (node: string): void => {
    const body = encodeData({ node, second: 1, duration: 1, sent: 1, reports: [] });
    broker.onMessage({ key: 'k', body, contentType: DATA_CONTENT, user: `node-${node}`, type: undefined });
  };
  for (let i = 0; i < 20_000; i++) send('n1');
  expect(taken).toBe(5000);
  send('n2');
  expect(taken).toBe(5001);
  clock.time += 1000;
  for (let i = 0; i < 20_000; i++) send('n1');
  expect(taken).toBe(5501);
});

test('malformed messages do not fill the log: one line per minute and user, with their number', async () => {
  const warn = jest.fn();
  const peer = await peerAs('config', keys.config, { warn });
  for (let i = 0; i < 5000; i++) {
    broker.onMessage({
      key: 'k',
      body: Buffer.from('{'),
      contentType: CONTROL_CONTENT,
      user: 'node-n1',
      type: 'alive',
    });
    deliver('node-n1', keys.config, 'abort', {});
  }
  expect(peer.counts).toMatchObject({ malformed: 5000, refused: 5000 });
  expect(warn).toHaveBeenCalledTimes(2);
  clock.time += 61_000;
  deliver('node-n1', keys.config, 'abort', {});
  expect(warn).toHaveBeenLastCalledWith(
    expect.objectContaining({ user: 'node-n1', others: 4999 }),
    expect.any(String),
  );
});

test('a message declared as a small type is not parsed when it is large, and its body must have the declared type', async () => {
  const peer = await peerAs('config', keys.config);
  const standing = { catalogue: 'f'.repeat(22), gathers: 'f'.repeat(22), exceptions: 'f'.repeat(22) };
  const handler = jest.fn();
  peer.on('instrumenter_online', handler);
  const n1 = keys.instrumenter('n1');
  deliver('node-n1', n1, 'instrumenter_online', { standing, more: 'x'.repeat(100_000) });
  const body = Buffer.from(
    JSON.stringify({
      ...{ version: PROTOCOL_VERSION, type: 'instrumenter_online', id: 'i', time: 1, host: 'n1', from: n1 },
      body: { standing },
    }),
  );
  for (const type of ['answer', undefined])
    broker.onMessage({ key: 'k', body, contentType: CONTROL_CONTENT, user: 'node-n1', type });
  expect(handler).not.toHaveBeenCalled();
  deliver('node-n1', n1, 'instrumenter_online', { standing });
  expect(handler).toHaveBeenCalledTimes(1);
  expect(peer.counts.malformed).toBe(3);
});

test('another protocol version is reported, and its messages are dropped', async () => {
  const peer = await peerAs('config', keys.config);
  const others: string[] = [];
  peer.onOtherVersion(({ from, host, version }) => others.push(`${from} ${host} ${version}`));
  deliver('node-n1', keys.instrumenter('n1'), 'offline', {}, { version: 99 });
  expect(others).toEqual(['ca.instrumenter.n1 n1 99']);
  expect(peer.counts.malformed).toBe(1);
});

describe('messages of the config service that no queue gets are returned', () => {
  const returned = async (peer: Peer): Promise<{ asked: Promise<unknown> }> => {
    const asked = peer.call(keys.instrumenter('n1'), 'ping', {}, 2000);
    const { key, message, how } = sent.at(-1)!;
    expect(how.mandatory).toBe(true);
    const body = Buffer.from(JSON.stringify(message));
    broker.onUnroutable?.({ key, body, contentType: CONTROL_CONTENT, user: 'config', type: 'ping' });
    asked.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    return { asked };
  };

  test('an existing queue is bound, and gets the message', async () => {
    queues.add(keys.instrumenter('n1'));
    const peer = await peerAs('config', keys.config);
    const { asked } = await returned(peer);
    expect(lent).toEqual(['ca.instrumenter.n1: ca.instrumenter.n1 ca.broadcast']);
    const again = sent.at(-1)!;
    expect(again).toMatchObject({ key: keys.instrumenter('n1'), message: { type: 'ping' } });
    deliver('node-n1', keys.instrumenter('n1'), 'answer', { to: again.message.id, body: { time: 1 } });
    expect(await asked).toEqual({ time: 1 });
  });

  test('without a queue there is no receiver', async () => {
    const peer = await peerAs('config', keys.config);
    const { asked } = await returned(peer);
    await expect(asked).rejects.toThrow('nobody listens at ca.instrumenter.n1');
  });
});

test('a member that does not hear the config service reports it each second, until it does', async () => {
  jest.useFakeTimers({ now: clock.time });
  try {
    const peer = await peerAs('node-n1', keys.instrumenter('n1'));
    broker.onUp();
    peer.stayKnown(5000, () => ({}));
    const told = (): unknown[] => sent.splice(0).map(({ message }) => message.body);
    const pass = (seconds: number): void => {
      for (let i = 0; i < seconds; i++) {
        clock.time += 1000;
        jest.advanceTimersByTime(1000);
      }
    };
    sent.length = 0;
    pass(3);
    expect(told()).toEqual([{ deaf: true }, { deaf: true }, { deaf: true }]);
    for (let i = 0; i < 5; i++) {
      deliver('config', keys.config, 'beat', {}, { host: 'h' });
      pass(2);
    }
    expect(told()).toEqual([{}, {}]);
    expect(peer.deaf).toBe(false);
    pass(6);
    expect(told()).toContainEqual({ deaf: true });
  } finally {
    jest.useRealTimers();
  }
});

test('a broker that blocks messages is reported with its reason, and calls fail at once', async () => {
  const peer = await peerAs('operator', keys.tool('desk', 1));
  const asked = peer.call(keys.config, 'status', {}, 60_000);
  broker.onBlocked?.('low on disk');
  await expect(asked).rejects.toThrow('the broker takes no messages: low on disk');
  expect(peer.health).toMatchObject({ ok: false, reason: 'the broker takes no messages: low on disk' });
  broker.onBlocked?.(undefined);
  expect(peer.health.ok).toBe(true);
});

test('of a pair of config services the one that was replaced is not heeded any more, whatever it still says', async () => {
  const warned: unknown[] = [];
  const peer = await peerAs('node-n1', keys.instrumenter('n1'), {
    warn: (fields) => void warned.push(fields),
  });
  const heard: unknown[] = [];
  peer.on('gathers', (body) => {
    heard.push(body.drop[0]);
    return undefined;
  });
  const gathers = (drop: string, fence?: number): void => {
    const body = { to: '0'.repeat(22), put: [], drop: [drop] };
    deliver('config', keys.config, 'gathers', body, { host: 'h', ...(fence === undefined ? {} : { fence }) });
  };
  gathers('global;1', 3);
  gathers('global;2', 4);
  gathers('global;3', 3);
  gathers('global;4', 4);
  // Of a deployment with one config service.
  gathers('global;5');
  expect(heard).toEqual(['global;1', 'global;2', 'global;4', 'global;5']);
  expect(peer.counts.refused).toBe(1);
  expect(warned).toEqual([
    expect.objectContaining({ reason: expect.stringContaining('replaced by 4') as unknown }),
  ]);
});

test('nobody but the config service can claim to have replaced it', async () => {
  const peer = await peerAs('aggregator-h1', keys.aggregator('h1-0'));
  let heard = 0;
  peer.on('beat', () => {
    heard++;
    return undefined;
  });
  deliver('node-n1', keys.instrumenter('n1'), 'alive', {}, { fence: 99 });
  deliver('node-n1', keys.config, 'beat', {}, { fence: 99 });
  deliver('config', keys.config, 'beat', {}, { host: 'h', fence: 1 });
  expect(heard).toBe(1);
});

test('one of a pair says nothing while its lease is not valid', async () => {
  let valid = true;
  const peer = new Peer({
    url: 'amqp://config:x@broker/',
    routes: keys,
    host: 'h1',
    key: keys.config,
    clock,
    log: SILENT,
    lease: { fence: 7, isValid: () => valid },
  });
  open.push(peer);
  await peer.connect();
  expect(peer.tell(keys.broadcast, 'beat', {})).toBe(true);
  expect(sent.at(-1)?.message).toMatchObject({ type: 'beat', fence: 7 });
  valid = false;
  const count = sent.length;
  expect(peer.tell(keys.broadcast, 'beat', {})).toBe(false);
  expect(sent).toHaveLength(count);
});
