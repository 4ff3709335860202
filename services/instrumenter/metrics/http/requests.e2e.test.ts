/* http.requests of programs that know nothing of us, against what their clients did. Needs root. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LOG_GRID } from '../../../../common/model/bucket';
import { eachBucket, totalCount } from '../../../../common/model/distribution';
import type { Value } from '../../../../common/model/value';
import { both, is, onRealKernel } from '../../sources/bpf/testing/real-kernel';

const NGINX = ['/usr/sbin/nginx', resolve(__dirname, '../../../../deps/build/bin/nginx')];
const SERVER = `
  const http = require('node:http');
  const server = http.createServer((request, answer) => {
    request.resume().on('end', () => setTimeout(() => {
      answer.statusCode = request.url.startsWith('/missing') ? 404 : 200;
      answer.end('x'.repeat(Number(request.headers['x-bytes'] ?? 1)));
    }, request.url.startsWith('/slow') ? 200 : 0));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
/** Asks for each path, one after the other on one connection. */
const CLIENT = `
  const http = require('node:http');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const [port, ...asked] = process.argv.slice(1);
  const ask = (one) => new Promise((done, fail) => {
    const [method, path] = one.split(' ');
    const request = http.request({ port, host: '127.0.0.1', method, path, agent, headers: { 'x-bytes': '30000' } },
      (answer) => answer.resume().on('end', done));
    request.on('error', fail).end(method === 'POST' ? 'y'.repeat(20000) : undefined);
  });
  (async () => { for (const one of asked) await ask(one); process.exit(); })();`;

onRealKernel('http.requests', (kernel) => {
  const ended: (() => void)[] = [];
  afterEach(() => {
    for (const end of ended.splice(0).reverse()) end();
  });

  async function serve(): Promise<{ server: ChildProcess; port: string }> {
    const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
    ended.push(() => server.kill());
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    return { server, port: line.toString().trim() };
  }

  const ask = async (port: string, requests: readonly string[]): Promise<string> => {
    const client = spawn(process.execPath, ['-e', CLIENT, port, ...requests], { stdio: 'inherit' });
    await once(client, 'exit');
    expect(client.exitCode).toBe(0);
    return String(client.pid);
  };

  test('each request counts once at its server and once at its client, by method, path, status and time', async () => {
    const { server, port } = await serve();
    const at = is('pid', String(server.pid));
    const [prefixes, methods, ends, sides, calls] = [
      await kernel.enable('http.requests', ['http_prefix', 'latency'], at),
      await kernel.enable('http.requests', ['http_method'], at),
      await kernel.enable('http.requests', ['http_status'], both(at, is('lport', port))),
      await kernel.enable('http.requests', ['http_side'], at),
      await kernel.enable(
        'http.requests',
        ['http_status'],
        both(is('http_side', 'client'), is('rport', port)),
      ),
    ];
    const requests = [
      ...Array.from({ length: 20 }, (_, i) => `GET /users/${i}/cart?token=${i}`),
      ...Array.from({ length: 7 }, () => 'POST /orders'),
      ...['GET /missing', 'DELETE /orders/3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'GET /slow/one'],
    ];
    await ask(port, requests);
    const value = await kernel.read(prefixes);
    expect(countsOf(value)).toEqual({
      ...{ '/users/*/cart': 20, '/orders': 7, '/missing': 1, '/orders/*': 1, '/slow/one': 1 },
    });
    expect(slowest(value, '/slow/one')).toBeGreaterThan(190_000_000);
    expect(Object.fromEntries(await kernel.numbers(methods))).toEqual({ GET: 22, POST: 7, DELETE: 1 });
    expect(Object.fromEntries(await kernel.numbers(ends))).toEqual({ 200: 29, 404: 1 });
    expect(Object.fromEntries(await kernel.numbers(sides))).toEqual({ server: 30 });
    expect(Object.fromEntries(await kernel.numbers(calls))).toEqual({ 200: 29, 404: 1 });
  }, 60_000);

  test('"100 Continue" is no answer, bytes that are no HTTP are no request, and a lost connection leaves nothing', async () => {
    const server = createServer((socket) => {
      socket.on('data', (bytes) => {
        if (bytes.includes('hang')) return void socket.destroy();
        socket.write('HTTP/1.1 100 Continue\r\n\r\n', () =>
          setTimeout(() => socket.write('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n'), 50),
        );
      });
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    ended.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const counted = await kernel.enable(
      'http.requests',
      ['http_status'],
      both(is('pid', String(process.pid)), is('http_side', 'server'), is('lport', String(port))),
    );
    for (const [head, answers] of [
      ['PUT /a HTTP/1.1\r\nexpect: 100-continue\r\n\r\n', true],
      ['GETTING nothing\r\n\r\n', true],
      ['GET /hang HTTP/1.1\r\n\r\n', false],
      ['PRI * HTTP/2.0\r\n\r\n', true],
    ] as const) {
      const socket = connect(port, '127.0.0.1', () => socket.write(head));
      let got = '';
      socket.on('data', (bytes) => {
        got += bytes.toString();
        if (got.includes('201')) socket.destroy();
      });
      await once(socket, 'close');
      expect(got.includes('201')).toBe(answers);
    }
    expect(Object.fromEntries(await kernel.numbers(counted))).toEqual({ 201: 1 });
  }, 60_000);

  test('nginx, by path and status', async () => {
    const nginx = NGINX.find((path) => spawnSync(path, ['-v']).status === 0);
    if (nginx === undefined) {
      process.stderr.write('SKIPPED: nginx: there is none: deps/fetch.sh nginx\n');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'ca-nginx-'));
    ended.push(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'www'));
    writeFileSync(join(folder, 'www/page'), 'x'.repeat(50_000));
    const port = await freePort();
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${folder}/pid; error_log ${folder}/log; worker_processes 1; user root;
       events {} http { access_log off; sendfile on; client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2;
       fastcgi_temp_path ${folder}/t3; uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
       server { listen 127.0.0.1:${port}; root ${folder}/www; location /api { return 503; } } }`,
    );
    const server = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
    ended.push(() => server.kill());
    await listening(port);
    const mine = both(is('http_side', 'server'), is('lport', String(port)));
    const prefixes = await kernel.enable('http.requests', ['http_prefix'], mine);
    const ends = await kernel.enable('http.requests', ['http_status'], both(mine, is('execname', 'nginx')));
    await ask(String(port), [
      ...Array<string>(9).fill('GET /page'),
      'GET /none',
      'GET /api/v1/x',
      'HEAD /page',
    ]);
    expect(Object.fromEntries(await kernel.numbers(prefixes))).toEqual({
      '/page': 10,
      '/none': 1,
      '/api/v1/x': 1,
    });
    expect(Object.fromEntries(await kernel.numbers(ends))).toEqual({ 200: 10, 404: 1, 503: 1 });
  }, 60_000);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the server does not listen');
}

function countsOf(value: Value): Record<string, number> {
  if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
  return Object.fromEntries([...value.distributions].map(([key, d]) => [key, totalCount(d)]));
}

function slowest(value: Value, key: string): number {
  if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
  let floor = 0;
  eachBucket(value.distributions.get(key) ?? [], (bucket) => (floor = LOG_GRID.floorOf(bucket)));
  return floor;
}
