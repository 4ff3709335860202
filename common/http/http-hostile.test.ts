/*
 * Hostile requests: slow ones, floods of headers, garbage, and requests that two servers would parse
 * differently. Each is refused and its connection closed; the service goes on.
 */
import { connect } from 'node:net';
import { CaError } from '../service/errors';
import { serve, type HttpServer } from './http';
import { SILENT } from '../service/log';

let server: HttpServer;
let handled: string[];
beforeEach(async () => {
  handled = [];
  server = await serve({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
    patience: { headersMs: 200, requestMs: 300, checkMs: 20, idleMs: 1000, answerMs: 1500 },
    admit: ({ path }) => {
      if (path === '/secret') throw new CaError('FORBIDDEN');
    },
    routes: (['GET', 'POST'] as const).map((method) => ({
      method,
      path: '/:what',
      handle: ({ params, json }) => {
        handled.push(params['what'] ?? '');
        if (params['what'] === 'large') return { bytes: Buffer.alloc(64 * 1024 * 1024), contentType: 'x/y' };
        return { json: { ok: true, json } };
      },
    })),
  });
});

/** Sends bytes, and resolves to what came back until the server closed the connection. */
function talk(text: string, more?: (write: (text: string) => void) => () => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let answer = '';
    socket.write(Buffer.from(text, 'latin1'));
    const stop = more?.((piece) => socket.writable && socket.write(piece));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined); // closed while we were still sending
    socket.on('close', () => {
      stop?.();
      resolve(answer);
    });
  });
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
/** At most one answer; none where the connection broke while we were sending more than the server reads. */
function expectRefused(answer: string, statuses: readonly number[]): void {
  if (answer === '') return;
  expect(statuses).toContain(statusOf(answer));
  expect(countOf(answer)).toBe(1);
}

const countOf = (answer: string): number => answer.split('HTTP/1.1 ').length - 1;

afterEach(async () => {
  // Other clients are served all the same.
  expect((await fetch(`http://127.0.0.1:${server.port}/after`)).status).toBe(200);
  await server.close();
});

test.each([
  [
    'Content-Length and Transfer-Encoding',
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
  ],
  [
    'Transfer-Encoding and Content-Length',
    'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
  ],
  ['two lengths', 'Content-Length: 0\r\nContent-Length: 38\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a list of lengths', 'Content-Length: 0, 38\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a signed length', 'Content-Length: +0\r\n\r\n'],
  ['a hexadecimal length', 'Content-Length: 0x0\r\n\r\n'],
  ['a length beyond all numbers', 'Content-Length: 99999999999999999999999\r\n\r\n'],
  ['chunked, but not last', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['a folded line', 'X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n'],
  ['space before the colon', 'Content-Length : 0\r\n\r\n'],
  ['bare LF', 'X-A: b\nX-C: d\n\n'],
  ['bare CR', 'X-A: b\rX-C: d\r\n\r\n'],
  ['NUL in a value', 'X-A: b\0c\r\n\r\n'],
  ['a line without a colon', 'nonsense\r\n\r\n'],
  ['a chunk without a size', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n'],
  ['a chunk longer than said', 'Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n'],
  [
    'a chunk extension without end',
    `Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\nb\r\n0\r\n\r\n`,
  ],
])('%s: refused, and no second request is smuggled in', async (_name, rest) => {
  const answer = await talk(`POST /first HTTP/1.1\r\nHost: localhost\r\n${rest}`);
  expectRefused(answer, [400, 413]);
  expect(handled).not.toContain('hidden');
  expect(handled).toHaveLength(0);
});

test.each([
  ['one long line', `X-Long: ${'a'.repeat(100_000)}\r\n`],
  ['very many lines', Array.from({ length: 10_000 }, (_, i) => `X-${i}: a\r\n`).join('')],
  ['a long path', ''],
])('a flood of headers is 431: %s', async (name, headers) => {
  const path = name === 'a long path' ? `/${'a'.repeat(100_000)}` : '/flood';
  const answer = await talk(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  expectRefused(answer, [431]);
  expect(handled).toHaveLength(0);
});

test.each([
  '\0\0\0\0',
  '\x16\x03\x01\x02\x00\x01',
  'GET\r\n\r\n',
  'GET /x HTTP/9.9\r\n\r\n',
  'GET /x\r\n\r\n',
  'GET /x HTTP/0.9\r\nConnection: close\r\n\r\n',
  'GET /x HTTP/2.0\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  '{"json":true}\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
])('garbage is 400: %j', async (garbage) => {
  expect(statusOf(await talk(garbage))).toBe(400);
});

test('garbage after a good request ends the connection', async () => {
  const garbage = '\0\0garbage\r\n\r\nGET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const answer = await talk(`GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n${garbage}`);
  expect(answer).toContain('HTTP/1.1 400');
  expect(handled).toEqual(['good']);
});

test('a request without Host is refused', async () => {
  expect(statusOf(await talk('GET /x HTTP/1.1\r\n\r\n'))).toBe(400);
});

test.each([
  ['headers', 'GET /slow HTTP/1.1\r\nHost: localhost\r\n', 'X-A: b\r\n'],
  [
    'a body',
    'POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    ' ',
  ],
  ['nothing at all', 'GET /slow', ''],
])('a client that is slow with %s gets 408 and is closed', async (_what, begin, drop) => {
  const answer = await talk(begin, (write) => {
    const timer = setInterval(() => {
      write(drop);
    }, 10);
    return () => {
      clearInterval(timer);
    };
  });
  expect(statusOf(answer)).toBe(408);
  expect(handled).toHaveLength(0);
});

test('200 slow clients at a time delay no other client', async () => {
  const slow = Array.from({ length: 200 }, () => talk('GET /slow HTTP/1.1\r\nHost: localhost\r\n'));
  expect((await fetch(`http://127.0.0.1:${server.port}/fine`)).status).toBe(200);
  expect((await Promise.all(slow)).map(statusOf)).toEqual(Array(200).fill(408));
  expect(server.counts.pending).toBe(0);
});

test.each([
  'localhost:99999',
  '[::1]x',
  'x<y.localhost',
  'fe80::1%eth0',
  'x/large?.localhost',
  'x\\large?',
  '[::1]/large?',
  'localhost\r\nHost: localhost',
])('Host %j is 400, on every path and method', async (host) => {
  for (const line of ['GET /first', 'OPTIONS /first', 'GET /secret', 'POST /nowhere/at/all']) {
    const answer = await talk(`${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expectRefused(answer, [400]);
  }
  expect(handled).toEqual([]);
});

test('no Host header changes the path that was admitted', async () => {
  const answer = await talk('GET /first HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n\r\n');
  expect([statusOf(answer), handled]).toEqual([200, ['first']]);
  expect(statusOf(await talk('GET /secret/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))).toBe(403);
});

test.each(['h2c', 'websocket', 'TLS/1.0, HTTP/1.1'])(
  'Upgrade: %s is ignored, the request answered, and the connection closed',
  async (protocol) => {
    const head = `Host: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
    const behind = 'GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const answer = await talk(`GET /first HTTP/1.1\r\n${head}\r\n${behind}`);
    expect([statusOf(answer), countOf(answer), handled]).toEqual([200, 1, ['first']]);
    expect(statusOf(await talk(`GET /secret HTTP/1.1\r\n${head}\r\n`))).toBe(403);
  },
);

test('a client that upgrades and sends nothing more is closed', async () => {
  const slow =
    'POST /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 9\r\n\r\n';
  expect(statusOf(await talk(slow))).toBe(408);
  expect(handled).toEqual([]);
});

test.each(['CONNECT localhost:22', 'TRACE /first', 'PROPFIND /first', 'PURGE /first'])(
  '%s is 405, and the connection ends',
  async (line) => {
    const answer = await talk(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nmore`);
    expect([statusOf(answer), countOf(answer), handled]).toEqual([405, 1, []]);
  },
);

test('Expect is honoured after admission, or refused; the connection ends', async () => {
  const head = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n';
  const post = (path: string, expected: string): Promise<string> =>
    talk(`POST ${path} HTTP/1.1\r\n${head}Expect: ${expected}\r\n\r\n[]`);
  const served = await post('/first', '100-continue');
  expect(served).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  expect(handled).toEqual(['first']);
  expect(statusOf(await post('/secret', '100-continue'))).toBe(403);
  expect(statusOf(await post('/first', 'the-impossible'))).toBe(417);
  expect(handled).toEqual(['first']);
});

test('more than a hundred header lines are 431', async () => {
  const lines = Array.from({ length: 101 }, (_, i) => `X-${i}: a\r\n`).join('');
  expect(statusOf(await talk(`GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`))).toBe(431);
});

test('a client that does not read its answer is closed, whatever it requested', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const began = Date.now();
  await until(() => server.counts.pending === 1);
  await until(() => server.counts.pending === 0);
  expect(Date.now() - began).toBeLessThan(8000);
  socket.destroy();
});

test('a client that reads its answer too slowly is closed, too', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const timer = setInterval(() => {
    socket.read(1024 * 1024);
  }, 100);
  await until(() => server.counts.pending === 1);
  await until(() => server.counts.pending === 0);
  clearInterval(timer);
  socket.destroy();
});

test('every answer has the policy that nothing in it may run', async () => {
  for (const path of ['/first', '/secret', '/nowhere/at/all', '/%2e']) {
    const { headers } = await fetch(`http://127.0.0.1:${server.port}${path}`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10));
}
