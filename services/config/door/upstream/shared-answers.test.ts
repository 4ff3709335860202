import { EventEmitter } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { addAggregator, addNode, aggregatorKey } from '../../testing/fake-fleet';
import { testFront, testKeys, type TestFront } from '../../testing/test-front';
import { SharedAnswers } from './shared-answers';

let front: TestFront;
let upstream: Server;
/** Requests that the aggregator has and has not answered. */
let held: { req: IncomingMessage; res: ServerResponse }[];
let now: jest.SpyInstance<number, []>;

beforeEach(async () => {
  // Within one second, unless a test says otherwise.
  now = jest.spyOn(Date, 'now').mockReturnValue(1_700_000_000_000);
  held = [];
  upstream = createServer((req, res) => {
    res.setHeader('x-ca-aggregator', testKeys({ key: aggregatorKey('a0') }).proof);
    res.setHeader('content-type', 'application/json');
    if (req.url === '/healthz') res.end();
    else held.push({ req, res });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  front = await testFront();
  await addAggregator(front.bus, 'a0', (upstream.address() as AddressInfo).port);
  await addNode(front.bus, 'n1');
  await front.ask('POST', '/ca/instrumentations', { module: 'syscall', stat: 'syscalls' });
});
afterEach(async () => {
  now.mockRestore();
  await front.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const RAW = '/ca/instrumentations/1/value/raw';

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Client {
  readonly answer: Promise<Got>;
  readonly leave: () => void;
}

function client(path = RAW, headers: Readonly<Record<string, string>> = {}): Client {
  const request = get(front.base + path, { agent: false, headers });
  const answer = new Promise<Got>((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('error', reject);
      response.once('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
        });
      });
    });
  });
  answer.catch(() => undefined);
  return { answer, leave: () => void request.destroy() };
}

/** So many clients whose requests have come in: all of them wait. */
async function waiting(count: number, ...how: Parameters<typeof client>): Promise<Client[]> {
  const arrived = arrivals;
  const clients = Array.from({ length: count }, () => client(...how));
  await front.bus.until(() => arrivals === arrived + count && held.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return clients;
}
let arrivals = 0;
beforeEach(() => {
  arrivals = 0;
  const forward = front.proxy.forward.bind(front.proxy);
  jest.spyOn(front.proxy, 'forward').mockImplementation((...request) => {
    arrivals++;
    return forward(...request);
  });
});

test('equal concurrent requests become one request, and all get its answer', async () => {
  const clients = await waiting(50);
  expect(held).toHaveLength(1);
  held[0]?.res.setHeader('x-ca-lost', '3');
  held[0]?.res.end('{"value":7}');
  for (const { status, headers, body } of await Promise.all(clients.map(({ answer }) => answer))) {
    expect([status, headers['x-ca-lost'], headers['content-type'], body.toString()]).toEqual([
      200,
      '3',
      'application/json',
      '{"value":7}',
    ]);
    expect(headers).not.toHaveProperty('x-ca-aggregator');
  }
  expect(front.proxy.counts).toMatchObject({ forwarded: 1, shared: 49 });
  await front.bus.until(() => front.proxy.counts.pending === 0);
});

test('an answer is compressed once, and decompresses to the original', async () => {
  const clients = await waiting(5, RAW, { 'accept-encoding': 'gzip' });
  const text = JSON.stringify({ value: Array.from({ length: 2000 }, (_, i) => i) });
  const { res } = held[0] ?? {};
  res?.setHeader('etag', '"7"');
  res?.setHeader('content-length', text.length);
  res?.end(text);
  for (const { headers, body } of await Promise.all(clients.map(({ answer }) => answer))) {
    expect([headers['content-encoding'], headers.etag, headers.vary]).toEqual([
      'gzip',
      'W/"7"',
      'Accept-Encoding',
    ]);
    expect(gunzipSync(body).toString()).toBe(text);
  }
});

test.each<[string, Parameters<typeof client>, Parameters<typeof client>]>([
  ['another query', [RAW], [`${RAW}?start_time=5`]],
  ['another type', [RAW], [RAW, { accept: 'text/csv' }]],
  ['another encoding', [RAW], [RAW, { 'accept-encoding': 'gzip' }]],
  ['another version at hand', [RAW], [RAW, { 'if-none-match': '"1"' }]],
])('%s is another request', async (_what, one, other) => {
  const clients = [client(...one), client(...other)];
  await front.bus.until(() => held.length === 2);
  held.forEach(({ res }, i) => res.end(String(i)));
  const bodies = (await Promise.all(clients.map(({ answer }) => answer))).map(({ body }) => body.toString());
  expect(bodies.sort()).toEqual(['0', '1']);
});

test('requests of different seconds are not shared, because "now" differs', async () => {
  const [early] = await waiting(1);
  now.mockReturnValue(1_700_000_001_000);
  const late = client();
  await front.bus.until(() => held.length === 2);
  held.forEach(({ res }, i) => res.end(String(i)));
  expect((await early?.answer)?.body.toString()).toBe('0');
  expect((await late.answer).body.toString()).toBe('1');
});

test('when the first client goes away, the others still get the answer', async () => {
  const [first, ...others] = [...(await waiting(1)), ...(await waiting(3))];
  first?.leave();
  await front.bus.until(() => front.proxy.counts.pending === 0);
  expect(held).toHaveLength(1);
  held[0]?.res.end('{}');
  for (const { answer } of others) expect((await answer).status).toBe(200);
});

test('when all clients have gone, the request to the aggregator is aborted', async () => {
  const clients = [...(await waiting(1)), ...(await waiting(3))];
  const closed = new Promise((resolve) => held[0]?.res.once('close', resolve));
  for (const { leave } of clients) leave();
  await closed;
  await front.bus.until(() => front.proxy.upstreams.every(({ running }) => running === 0));
});

test.each([
  ['before it answers', (res: ServerResponse) => res.destroy()],
  [
    'in the middle of its answer',
    (res: ServerResponse) => {
      res.setHeader('content-length', 100);
      res.write('{"value":');
      setTimeout(() => res.destroy(), 20);
    },
  ],
])(
  'an aggregator that breaks off %s: every client gets an error, none half an answer',
  async (_when, breakOff) => {
    const clients = await waiting(4);
    for (const { res } of held) breakOff(res);
    for (const { answer } of clients) {
      const { status, headers } = await answer;
      expect([status, headers['retry-after']]).toEqual([503, '1']);
    }
  },
);

test('a large answer is not shared: each client’s request is forwarded', async () => {
  const clients = await waiting(3);
  const large = Buffer.alloc(2 * 1024 * 1024, 'x');
  const send = ({ res }: { res: ServerResponse }): void => {
    res.setHeader('content-length', large.length);
    res.end(large);
  };
  held.splice(0).forEach(send);
  await front.bus.until(() => held.length === 2);
  held.splice(0).forEach(send);
  for (const { answer } of clients) expect((await answer).body.equals(large)).toBe(true);
});

test('memory for slow readers is bounded, and freed when they have the answer or are gone', async () => {
  const all = new SharedAnswers();
  const outgoing = (): ServerResponse => new EventEmitter() as ServerResponse;
  const readers: ServerResponse[] = [];
  const bytes = Buffer.alloc(1024 * 1024);
  let alone = 0;
  for (let i = 0; i < 40; i++) {
    const flight = all.begin(String(i), 1);
    const [first, second] = [outgoing(), outgoing()];
    const followed = flight.follow(second);
    if (flight.landed(bytes.length)) {
      await flight.deliver({ bytes }, first);
      readers.push(first, second);
    } else alone++;
    expect((await followed) === undefined).toBe(i >= 32);
  }
  expect([all.bytes, alone]).toEqual([32 * 1024 * 1024, 8]);
  for (const reader of readers) reader.emit('close');
  expect(all.bytes).toBe(0);
});
