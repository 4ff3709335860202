import { channel } from 'node:diagnostics_channel';
import { readdirSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type * as FakeProbes from '../../../../common/service/testing/fake-probes';
import { fired } from '../../../../common/service/testing/fake-probes';
import type * as Probes from '../../../../common/service/probes';
import { addAggregator, addNode, aggregatorKey } from '../../testing/fake-fleet';
import { testFront, testKeys, type TestFront } from '../../testing/test-front';

jest.mock('../../../../common/service/probes', () => {
  const real = jest.requireActual<typeof Probes>('../../../../common/service/probes');
  const { watching } = jest.requireActual<typeof FakeProbes>(
    '../../../../common/service/testing/fake-probes',
  );
  return { ...real, fire: real.fireThrough(watching) };
});

type Behaviour = (req: IncomingMessage, res: ServerResponse) => void;

let front: TestFront;
let upstream: Server;
let port: number;
let behave: Behaviour;
let connections = 0;

beforeEach(async () => {
  behave = (req, res) => res.end(JSON.stringify({ url: req.url, headers: req.headers }));
  connections = 0;
  upstream = createServer((req, res) => {
    res.setHeader('x-ca-aggregator', testKeys({ key: aggregatorKey('a0') }).proof);
    res.setHeader('content-type', 'application/json');
    behave(req, res);
  });
  upstream.on('connection', () => connections++);
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  ({ port } = upstream.address() as AddressInfo);
  front = await testFront({
    limits: { connections: 12, waiting: 6, waitMs: 60_000, doubtMs: 200, probeMs: 20, probeMsMax: 50 },
  });
  await addAggregator(front.bus, 'a0', port);
  await addNode(front.bus, 'n1');
  await front.ask('POST', '/ca/instrumentations', {
    module: 'syscall',
    stat: 'syscalls',
    decomposition: ['execname', 'latency'],
    granularity: 5,
  });
});
afterEach(async () => {
  await front.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const VALUE = '/ca/instrumentations/1/value';

test('value requests reach the aggregator as they were asked, with shape and granularity', async () => {
  behave = (req, res) => {
    res.setHeader('x-ca-lost', '0');
    res.setHeader('x-own', 'yes');
    res.setHeader('set-cookie', 'a=b');
    res.end(JSON.stringify({ url: req.url, headers: req.headers }));
  };
  // Not fetch: it would set Connection itself.
  const answer = await new Promise<IncomingMessage>((resolve) =>
    get(
      `${front.base}${VALUE}/raw?duration=5&x=%26`,
      {
        headers: {
          authorization: 'Bearer secret',
          connection: 'close, x-hop, x-ca-front-door, x-ca-instn-shape',
          'x-hop': '1',
          'x-ca-front-door': 'guess',
          accept: 'image/png',
        },
      },
      resolve,
    ),
  );
  expect(answer.headers).toMatchObject({ 'x-ca-lost': '0', 'content-type': 'application/json' });
  for (const name of ['x-own', 'set-cookie', 'x-ca-aggregator'])
    expect(answer.headers).not.toHaveProperty(name);
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
  const got = JSON.parse(text) as { url: string; headers: Record<string, string> };
  expect(got.url).toBe(`${VALUE}/raw?duration=5&x=%26`);
  expect(got.headers).toMatchObject({
    host: `127.0.0.1:${port}`,
    accept: 'image/png',
    'x-ca-instn-shape': 'keyed-distribution',
    'x-ca-instn-granularity': '5',
  });
  expect(got.headers).not.toHaveProperty('authorization');
  expect(got.headers).not.toHaveProperty('x-hop');
  expect(got.headers['x-ca-front-door']).toBe(testKeys({ key: aggregatorKey('a0') }).secret);
});

test('the aggregator decides about status, and unknown instrumentations never reach it', async () => {
  let reached = 0;
  behave = (_req, res) => {
    reached++;
    res.writeHead(400, { 'content-type': 'application/json' });
    res.end('{"error":{"code":"INVALID","message":"no"}}');
  };
  expect((await front.ask('GET', VALUE)).status).toBe(400);
  expect((await front.ask('GET', '/ca/instrumentations/2/value/raw')).status).toBe(404);
  expect((await front.ask('POST', VALUE, {})).status).toBe(405);
  expect(reached).toBe(1);
});

test.each([
  ['a page', (res) => res.writeHead(200, { 'content-type': 'text/html' })],
  ['a type with more to it', (res) => res.writeHead(200, { 'content-type': 'image/svg+xml' })],
  ['no type', (res) => res.removeHeader('content-type')],
  ['a redirect', (res) => res.writeHead(302, { location: 'http://evil.example/' })],
  ['an informal status', (res) => res.writeHead(299)],
  ['another encoding', (res) => res.setHeader('content-encoding', 'br')],
  ['no proof', (res) => res.removeHeader('x-ca-aggregator')],
  ['a wrong proof', (res) => res.setHeader('x-ca-aggregator', 'guess')],
] as readonly [string, (res: ServerResponse) => unknown][])(
  'an answer with %s does not pass the door',
  async (_what, prepare) => {
    behave = (_req, res) => {
      prepare(res);
      res.end('<script>secret</script>');
    };
    const { status, text, headers } = await front.ask('GET', `${VALUE}/raw`);
    expect([status, headers.get('retry-after'), headers.get('location')]).toEqual([503, '1', null]);
    expect(text).not.toContain('secret');
  },
);

test('CSV passes as CSV', async () => {
  behave = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/csv; charset=utf-8; header=present' });
    res.end('time,count\r\n');
  };
  const { status, text, headers } = await front.ask('GET', `${VALUE}/top.csv`);
  expect([status, text, headers.get('content-type')]).toEqual([
    200,
    'time,count\r\n',
    'text/csv; charset=utf-8',
  ]);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('an answer passes with our type and policy, whatever else the aggregator says', async () => {
  behave = (_req, res) => {
    res.writeHead(200, {
      'content-type': 'Application/JSON; charset=utf-7',
      'content-security-policy': 'none',
      'cache-control': 'public, max-age=31536000',
      'access-control-allow-origin': '*',
      refresh: '0; url=http://evil.example/',
    });
    res.end('{}');
  };
  const { status, headers } = await front.ask('GET', `${VALUE}/raw`);
  expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
    200,
    'application/json',
    'no-store',
  ]);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  for (const name of ['access-control-allow-origin', 'refresh']) expect(headers.get(name)).toBeNull();
});

test('connections to the aggregator are reused', async () => {
  for (let i = 0; i < 20; i++) await front.ask('GET', `${VALUE}/raw`);
  expect(connections).toBe(1);
});

test('an idle connection that the aggregator has closed costs nothing but a new one', async () => {
  await front.ask('GET', `${VALUE}/raw`);
  let once = true;
  behave = (req, res) => {
    if (!once) {
      res.end('"fine"');
      return;
    }
    once = false;
    req.socket.destroy();
  };
  const { status, text } = await front.ask('GET', `${VALUE}/raw`);
  expect([status, text, connections]).toEqual([200, '"fine"', 2]);
});

test('each forwarded request fires proxy-start and proxy-done, with what the client got', async () => {
  fired.length = 0;
  behave = (_req, res) => {
    res.writeHead(404);
    res.end('x'.repeat(1000));
  };
  await front.ask('GET', `${VALUE}/raw?duration=5`).catch(() => undefined);
  await front.bus.until(() => fired.length === 2);
  const flight = expect.any(Number) as number;
  const bytes = expect.any(Number) as number;
  expect(fired).toEqual([
    ['proxy-start', flight, 'GET', `${VALUE}/raw?duration=5`],
    ['proxy-done', flight, 404, bytes],
  ]);
  expect(fired[1]?.[1]).toBe(fired[0]?.[1]);
  // Of this answer: body and head, and nothing of another on the same connection.
  expect(fired[1]?.[3]).toBeGreaterThan(1000);
  expect(fired[1]?.[3]).toBeLessThan(3000);
});

test('a request whose client hung up before an answer is done with status 0', async () => {
  fired.length = 0;
  behave = () => client.destroy();
  const client = get(`${front.base}${VALUE}/raw`);
  client.on('error', () => undefined);
  await front.bus.until(() => fired.length === 2);
  expect(fired[1]).toEqual(['proxy-done', fired[0]?.[1], 0, 0]);
});

test('an unreachable aggregator is 503, with a time to retry', async () => {
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  const { status, headers, json } = await front.ask('GET', `${VALUE}/raw`);
  expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  expect(json).toMatchObject({ error: { code: 'NO_RESOURCE' } });
});

test('an answer that breaks off does not look whole', async () => {
  behave = (req, res) => {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half', () => req.socket.destroy());
  };
  await expect(front.ask('GET', `${VALUE}/raw`)).rejects.toThrow();
});

test('when the client hangs up, the request to the aggregator is aborted at once', async () => {
  const abandoned = new Promise<void>((resolve) => {
    behave = (_req, res) => {
      res.once('close', resolve);
      client.destroy();
    };
  });
  const client = get(`${front.base}${VALUE}/raw`);
  client.on('error', () => undefined);
  await abandoned;
  await front.bus.until(() => front.proxy.counts.pending === 0);
});

test('a client that reads slowly holds the aggregator back, not our memory', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  behave = (_req, res) => {
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (written < total) {
        written += chunk.length;
        if (!res.write(chunk)) {
          res.once('drain', more);
          return;
        }
      }
      res.end();
    };
    more();
  };
  const answer = await new Promise<IncomingMessage>((resolve) => get(`${front.base}${VALUE}/raw`, resolve));
  answer.pause();
  // Until the kernel's buffers are full and nothing moves any more.
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(written).toBeLessThan(total / 2);
  let read = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) read += chunk.length;
  expect(read).toBe(total);
}); // 64 MB twice through loopback: seconds on a busy machine

test('what lies in our memory of an answer that is read slowly stays below 64 KiB', async () => {
  behave = (_req, res) => res.end(Buffer.alloc(32 * 1024 * 1024));
  const [replies, answers]: [ServerResponse[], IncomingMessage[]] = [[], []];
  const onReply = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort !== port) replies.push(response);
  };
  const onAnswer = (message: unknown): void => {
    const { response } = message as { response: IncomingMessage };
    if (response.socket.remotePort === port) answers.push(response);
  };
  channel('http.server.request.start').subscribe(onReply);
  channel('http.client.response.finish').subscribe(onAnswer);
  try {
    const answer = await new Promise<IncomingMessage>((resolve) => get(`${front.base}${VALUE}/raw`, resolve));
    answer.pause();
    const [[reply], [passed]] = [replies, answers];
    // What was written and has not left, what was read and not written, and what the socket holds.
    const held = (): number =>
      (reply?.writableLength ?? NaN) + (passed?.readableLength ?? NaN) + (passed?.socket.readableLength ?? 0);
    // The kernel's buffers fill up, then ours; and a slow reader makes them move many times.
    const seen: number[] = [];
    const reader = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (let i = 0; i < 200; i++) {
      await front.bus.until(() => held() > 0);
      for (let turn = 0; turn < 5; turn++) {
        seen.push(held());
        await new Promise(setImmediate);
      }
      await reader.next();
    }
    expect(Math.max(...seen)).toBeLessThanOrEqual(64 * 1024);
    answer.destroy();
  } finally {
    channel('http.server.request.start').unsubscribe(onReply);
    channel('http.client.response.finish').unsubscribe(onAnswer);
  }
});

test('a thousand requests that are given up leave no descriptor, no listener, nothing pending', async () => {
  let atWork = 0;
  behave = (req, res) => {
    if (req.url === '/healthz') {
      res.end();
      return;
    }
    atWork++;
    res.once('close', () => atWork--);
  };
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    // More than the pool takes: some are given up while they wait in line.
    const clients = Array.from({ length: 50 }, (_, i) =>
      get(`${front.base}${VALUE}/raw?x=${i}`, { agent: false }),
    );
    const refused = clients.map(
      (client) =>
        new Promise<void>((resolve) => {
          client.on('error', () => resolve());
          client.on('response', (answer) => {
            answer.resume();
            answer.once('close', resolve);
          });
        }),
    );
    await front.bus.until(() => {
      const [state] = front.proxy.upstreams;
      return state?.running === 4 && state.waiting === 2 && atWork > 0;
    });
    for (const client of clients) client.destroy();
    await Promise.all(refused);
    await front.bus.until(() =>
      front.proxy.upstreams.every(({ running, waiting }) => running + waiting === 0),
    );
  }
  await front.bus.until(() => atWork === 0 && front.proxy.counts.pending === 0);
  await front.bus.until(() => descriptors() <= before + 8);
  behave = (_req, res) => res.end('{}');
  expect((await front.ask('GET', `${VALUE}/raw`)).status).toBe(200);
}, 60_000);

test('one slow aggregator: a bounded number of requests wait, others are refused at once with a time to retry', async () => {
  const held: ServerResponse[] = [];
  behave = (req, res) => {
    if (req.url === '/healthz') res.end();
    else held.push(res);
  };
  const slow = Array.from({ length: 6 }, (_, i) => front.ask('GET', `${VALUE}/raw?x=${i}`));
  await front.bus.until(() => front.proxy.upstreams[0]?.waiting === 2);
  // All that one question gets; others have room.
  expect(front.proxy.saturated).toBe(false);
  for (const path of ['/readyz', '/healthz']) expect((await front.ask('GET', path)).status).toBe(200);
  const refused = await Promise.all(
    Array.from({ length: 100 }, (_, i) => front.ask('GET', `${VALUE}/raw?y=${i}`)),
  );
  for (const { status, headers } of refused) expect([status, headers.get('retry-after')]).toEqual([503, '1']);

  await front.bus.until(() => {
    held.splice(0).forEach((res) => res.end('{}'));
    return front.proxy.upstreams[0]?.running === 0;
  });
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(6).fill(200));
  behave = (_req, res) => res.end('{}');
  expect((await front.ask('GET', `${VALUE}/raw`)).status).toBe(200);
  expect((await front.ask('GET', '/readyz')).status).toBe(200);
});

test('an aggregator that spins leaves rotation before its requests time out, and returns when it answers', async () => {
  let alive = false;
  let asked = 0;
  let probed = 0;
  behave = (req, res) => {
    if (req.url === '/healthz') probed++;
    else asked++;
    if (alive) res.end('{}');
  };
  const stuck = front.ask('GET', `${VALUE}/raw`);
  await front.bus.until(() => front.proxy.upstreams[0]?.inRotation === false);
  // Further requests do not get stuck there.
  for (let i = 0; i < 50; i++) {
    const { status, headers } = await front.ask('GET', `${VALUE}/raw`);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  }
  expect(asked).toBe(1);
  expect(probed).toBeGreaterThan(0);
  alive = true;
  await front.bus.until(() => {
    void front.ask('GET', `${VALUE}/raw`);
    return front.proxy.upstreams[0]?.inRotation === true;
  });
  expect((await front.ask('GET', `${VALUE}/raw`)).status).toBe(200);
  upstream.closeAllConnections();
  expect((await stuck).status).toBe(503);
});
