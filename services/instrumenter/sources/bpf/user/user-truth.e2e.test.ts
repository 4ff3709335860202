/* Counts inside user programs, compared with programs that print what they do. Needs root. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request, Agent, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { totalCount } from '../../../../../common/model/distribution';
import { totalOf, type Value } from '../../../../../common/model/value';
import {
  both,
  is,
  noMountNamespace,
  openRealKernel,
  own,
  rename,
  type RealKernel,
} from '../testing/real-kernel';

const opened = openRealKernel();
const usable = typeof opened !== 'string';
if (!usable) process.stderr.write(`SKIPPED: user programs on the real kernel: ${opened}\n`);

test('as root on Linux nothing of the C library is skipped', () => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  expect(usable).toBe(true);
  expect((opened as RealKernel).source.offers()).toContainEqual(
    expect.objectContaining({ metric: 'dns.lookups', fields: expect.arrayContaining(['name']) as unknown }),
  );
});

test('with PostgreSQL and our module for Node.js, at least 25 metrics are offered', () => {
  if (!usable) return;
  const offers = opened.source.offers();
  const missing = offers.flatMap((offer) =>
    'unavailable' in offer && /^(postgres|node)\./.test(offer.metric) ? [offer.unavailable] : [],
  );
  if (missing.length > 0) process.stderr.write(`SKIPPED: 25 metrics: ${missing.join('; ')}\n`);
  else expect(offers.filter((offer) => 'fields' in offer).length).toBeGreaterThanOrEqual(25);
});

const countsOf = (value: Value): Record<string, number> => {
  if (value.shape !== 'keyed-distribution') throw new Error('a keyed distribution was asked for');
  return Object.fromEntries([...value.distributions].map(([key, d]) => [key, totalCount(d)]));
};
const run = promisify(execFile);
const ROOT = resolve(__dirname, '../../../../..');
const PRELOAD = join(ROOT, 'deps/node-probes/preload.js');

const TITLE = `user programs on this kernel${usable ? '' : ` (skipped: ${opened})`}`;
(usable ? describe : describe.skip)(TITLE, () => {
  const kernel = opened as RealKernel;
  const ended: (() => void)[] = [];
  afterEach(() => {
    kernel.closeProbes();
    for (const end of ended.splice(0).reverse()) end();
  });
  afterAll(() => kernel.source.close());

  /** False, with a message, if this machine does not have the metric. */
  function has(metric: string): boolean {
    const offer = kernel.source.offers().find((one) => one.metric === metric);
    if (offer !== undefined && 'fields' in offer) return true;
    process.stderr.write(`SKIPPED: ${metric}: ${offer?.unavailable}\n`);
    return false;
  }

  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'ca-user-'));
    ended.push(() => rmSync(path, { recursive: true }));
    return path;
  }

  /** Perl's lookup through the C library; names without a final dot are also looked up with search domains. */
  const lookups = (comm: string, names: readonly string[]): string =>
    `use Socket qw(:all); ${rename(comm)} for (${names.map((n) => `"${n}"`).join(',')}) { getaddrinfo($_) }`;

  test('names that are looked up are counted by name and outcome, hostile ones as they are', async () => {
    const comm = own('dns');
    const mine = is('execname', comm);
    const names = await kernel.enable('dns.lookups', ['name', 'latency'], mine);
    const outcomes = await kernel.enable('dns.lookups', ['status'], mine);
    const one = await kernel.enable('dns.lookups', [], both(mine, is('name', '127.0.0.1')));
    await run('perl', [
      '-e',
      lookups(comm, [...Array<string>(7).fill('127.0.0.1'), '::1', 'a b,\\"\\n\\xff.']),
    ]);
    const counts = countsOf(await kernel.read(names));
    expect(counts).toEqual({ '127.0.0.1': 7, '::1': 1, 'a b,"\n\\xff.': 1 });
    const byStatus = await kernel.numbers(outcomes);
    expect(byStatus.get('found')).toBe(8);
    expect([...byStatus.values()].reduce((a, b) => a + b, 0)).toBe(9);
    expect(totalOf(await kernel.read(one))).toBe(7);
  });

  test('a program in a container, with a C library of its own, is found and counted once; gone, it is let go of', async () => {
    const why = noMountNamespace();
    if (why !== undefined) {
      process.stderr.write(`SKIPPED: ${why}\n`);
      return;
    }
    const root = folder();
    const perl = spawnSync('perl', ['-e', 'print $^X'], { encoding: 'utf8' }).stdout;
    const socketModule = spawnSync('perl', ['-MSocket', '-e', 'print "$INC{q(Socket.pm)}\\n@INC"'], {
      encoding: 'utf8',
    }).stdout;
    // The folders of Perl's modules are seen through a mount; program and libraries are copies: other inodes.
    const libraries = [...readFileSync('/proc/self/maps', 'utf8').matchAll(/ (\/\S*ld-linux\S*)$/gm)].map(
      (m) => m[1] ?? '',
    );
    const needed = spawnSync('ldd', [perl], { encoding: 'utf8' }).stdout;
    const files = new Set([
      perl,
      ...libraries,
      ...[...needed.matchAll(/(\/\S+) \(0x/g)].map((m) => m[1] ?? ''),
    ]);
    for (const file of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
    expect(socketModule).toContain('Socket.pm');
    const comm = own('inside');
    const probe = await kernel.enable('dns.lookups', ['name'], is('execname', comm));
    // Other programs on this machine may have such a library too.
    await kernel.source.look();
    const before = probe.watched().length;
    // Waits for a line, looks up three names, prints a line, and waits for its end.
    const script = `${lookups(comm, ['127.0.0.1', '127.0.0.2', '::1'])} `;
    const modules =
      socketModule
        .split('\n')[1]
        ?.split(' ')
        .filter((path) => existsSync(path)) ?? [];
    const mounts = [...modules, '/dev']
      .map((path) => `mkdir -p "$0${path}" && mount --bind "${path}" "$0${path}"`)
      .concat('mkdir -p "$0/proc" && mount -t proc none "$0/proc"')
      .join(' && ');
    const child = spawn('unshare', [
      ...['--mount', '--propagation', 'private', 'sh', '-c'],
      `${mounts} && exec chroot "$0" "$@"`,
      ...[root, perl, '-e', `$| = 1; print "up\\n"; my $go = <STDIN>; ${script} print "done\\n"; <STDIN>`],
    ]);
    ended.push(() => child.kill('SIGKILL'));
    await said(child, 'up');
    await kernel.source.look();
    expect(probe.watched().length).toBe(before + 1);
    child.stdin.write('go\n');
    await said(child, 'done');
    expect(Object.fromEntries(await kernel.numbers(probe))).toEqual({
      ...{ '127.0.0.1': 1, '127.0.0.2': 1, '::1': 1 },
    });
    child.stdin.end();
    await once(child, 'exit');
    await kernel.source.look();
    expect(probe.watched().length).toBe(before);
  }, 60_000);

  test('functions of a Python program are counted by name, where the interpreter tells of each call', async () => {
    const python = ['6', '7', '8', '9', '10'].map((minor) => `/usr/bin/python3.${minor}`).find(existsSync);
    if (!has('python.functions') || python === undefined) return;
    const file = join(folder(), 'known.py');
    writeFileSync(
      file,
      'def a(n):\n  return b(n) + b(n)\ndef b(n):\n  return n\nfor i in range(50):\n  a(i)\n',
    );
    const functions = await kernel.enable('python.functions', ['function'], is('file', file));
    await run(python, [file]);
    expect(Object.fromEntries(await kernel.numbers(functions))).toEqual({
      '<module>': 1,
      a: 50,
      b: 100,
    });
  });

  test('a Java machine’s collections are those that its own log holds', async () => {
    const java = spawnSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).stdout.trim();
    if (!has('java.gc_ops') || java === '') return;
    const path = folder();
    const source = join(path, 'Known.java');
    writeFileSync(
      source,
      'public class Known { public static void main(String[] a) { for (int i = 0; i < 6; i++) System.gc(); } }',
    );
    const log = join(path, 'gc.log');
    const types = await kernel.enable(
      'java.gc_ops',
      ['gctype', 'latency'],
      both(is('execname', 'java'), is('ppid', String(process.pid))),
    );
    await run(java, ['-XX:+UseSerialGC', `-Xlog:gc:file=${log}`, source], { cwd: path });
    const pauses = [...readFileSync(log, 'utf8').matchAll(/GC\([0-9]+\) Pause (Full|Young)/g)].map(
      (m) => m[1],
    );
    const counts = countsOf(await kernel.read(types));
    expect(pauses.filter((kind) => kind === 'Full')).toHaveLength(6);
    expect(totalOfCounts(counts)).toBe(pauses.length);
    expect(counts['full']).toBe(6);
  }, 60_000);

  describe('Node.js programs that load our module', () => {
    /** A program with the module; it prints a line when it is up. */
    async function node(script: string, ...args: string[]): Promise<{ child: ChildProcess; line: string }> {
      const child = spawn(process.execPath, ['--require', PRELOAD, '-e', script, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      ended.push(() => child.kill('SIGKILL'));
      return { child, line: await said(child, '\n') };
    }

    test('requests to its server are counted by method, URL and path, with their sender', async () => {
      if (!has('node.httpd_ops')) return;
      const { line, child } = await node(`let finished = 0;
        require('node:http').createServer((req, res) => {
          req.resume(); setTimeout(() => res.end('x'), req.url === '/slow' ? 50 : 0);
          res.on('finish', () => { if (++finished === 91) console.log('done') });
        }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`);
      const mine = is('pid', String(child.pid));
      const methods = await kernel.enable('node.httpd_ops', ['http_method'], mine);
      const urls = await kernel.enable('node.httpd_ops', ['http_url', 'latency'], mine);
      const paths = await kernel.enable('node.httpd_ops', ['http_path'], mine);
      const senders = await kernel.enable('node.httpd_ops', ['raddr'], mine);
      const origins = await kernel.enable('node.httpd_ops', ['http_origin'], mine);
      const slow = await kernel.enable(
        'node.httpd_ops',
        [],
        both(
          mine,
          { kind: 'compare', op: 'ge', field: 'latency', constant: 49_000_000 },
          is('http_path', '/slow'),
        ),
      );
      const agent = new Agent({ keepAlive: true, maxSockets: 4 });
      const port = Number(line);
      const asked: [method: string, path: string, headers?: Record<string, string>][] = [
        ...Array.from({ length: 60 }, (_, i): [string, string] => ['GET', `/cart?id=${i % 3}`]),
        ...Array.from({ length: 25 }, (): [string, string] => ['POST', '/order']),
        ...Array.from({ length: 5 }, (): [string, string] => ['GET', '/slow']),
        ['DELETE', `/a,"b'%0A${'x'.repeat(300)}`, { 'X-Forwarded-For': '10.1.2.3, 10.0.0.1' }],
      ];
      const done = said(child, 'done');
      await Promise.all(asked.map((one) => ask(agent, port, ...one)));
      await done; // an answer may arrive before its sender is notified that it was sent
      agent.destroy();
      expect(Object.fromEntries(await kernel.numbers(methods))).toEqual({
        GET: 65,
        POST: 25,
        DELETE: 1,
      });
      const long = `/a,"b'%0A${'x'.repeat(300)}`.slice(0, 127);
      expect(countsOf(await kernel.read(urls))).toEqual({
        ...{ '/cart?id=0': 20, '/cart?id=1': 20, '/cart?id=2': 20, '/order': 25, '/slow': 5, [long]: 1 },
      });
      expect(Object.fromEntries(await kernel.numbers(paths))).toEqual({
        ...{ '/cart': 60, '/order': 25, '/slow': 5, [long]: 1 },
      });
      expect(await kernel.numbers(senders)).toEqual(new Map([['127.0.0.1', 91]]));
      expect(Object.fromEntries(await kernel.numbers(origins))).toEqual({
        '127.0.0.1': 90,
        '10.1.2.3': 1,
      });
      expect(totalOf(await kernel.read(slow))).toBe(5);
    });

    test('requests are counted by status, and by the route that the router tells or the path suggests', async () => {
      if (!has('node.httpd_ops')) return;
      const { line, child } = await node(`let finished = 0;
        const channel = require('node:diagnostics_channel').channel('tracing:fastify.request.handler:start');
        require('node:http').createServer((req, res) => {
          const [, kind] = req.url.split('/');
          if (kind === 'express') { req.baseUrl = '/api'; req.route = { path: '/carts/:cart' } }
          if (kind === 'restify') req.route = { spec: { path: '/things/:thing' } };
          if (kind === 'fastify') channel.publish({ request: { raw: req }, route: { url: '/f/:x' } });
          if (kind === 'hostile') Object.defineProperty(req, 'route', { get() { throw new Error('no') } });
          res.statusCode = kind === 'broken' ? 503 : 200;
          res.on('finish', () => { if (++finished === 8) console.log('done') });
          res.end('x');
        }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`);
      const mine = is('pid', String(child.pid));
      const statuses = await kernel.enable('node.httpd_ops', ['http_status'], mine);
      const routes = await kernel.enable('node.httpd_ops', ['http_route', 'latency'], mine);
      const failed = await kernel.enable('node.httpd_ops', [], both(mine, is('http_status', '503')));
      const agent = new Agent();
      const paths = ['/express/7', '/restify/7', '/fastify/7', '/hostile/7', '/broken'];
      const plain = [
        '/u/4711/orders/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f',
        '/u/4712/orders/1?x=2',
        '/u/x1/orders',
      ];
      const done = said(child, 'done');
      for (const path of [...paths, ...plain]) await ask(agent, Number(line), 'GET', path);
      await done;
      agent.destroy();
      expect(Object.fromEntries(await kernel.numbers(statuses))).toEqual({ '200': 7, '503': 1 });
      expect(countsOf(await kernel.read(routes))).toEqual({
        ...{ '/api/carts/:cart': 1, '/things/:thing': 1, '/f/:x': 1, '/hostile/:id': 1, '/broken': 1 },
        ...{ '/u/:id/orders/:id': 2, '/u/x1/orders': 1 },
      });
      expect(totalOf(await kernel.read(failed))).toBe(1);
    });

    test('requests that it makes are counted by where they go', async () => {
      if (!has('node.httpc_ops')) return;
      const server: Server = createServer((_, res) => res.end('x')).listen(0, '127.0.0.1');
      ended.push(() => server.close());
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const { child } = await node(
        `console.log('up'); process.stdin.once('data', async () => {
           for (let i = 0; i < 40; i++) await new Promise((done) =>
             require('node:http').get('http://127.0.0.1:${port}/item?' + i % 2, (res) => res.resume().on('end', done)));
           console.log('done'); process.stdin.once('data', () => process.exit()) })`,
      );
      const mine = is('pid', String(child.pid));
      const urls = await kernel.enable('node.httpc_ops', ['http_url', 'latency'], mine);
      const statuses = await kernel.enable('node.httpc_ops', ['http_status'], mine);
      const ports = await kernel.enable('node.httpc_ops', ['rport'], both(mine, is('raddr', '127.0.0.1')));
      child.stdin?.write('go\n');
      await said(child, 'done');
      expect(countsOf(await kernel.read(urls))).toEqual({ '/item?0': 20, '/item?1': 20 });
      expect(await kernel.numbers(ports)).toEqual(new Map([[String(port), 40]]));
      expect(await kernel.numbers(statuses)).toEqual(new Map([['200', 40]]));
    });

    test('its collections are those that it is told of itself', async () => {
      if (!has('node.gc_ops')) return;
      const { child } = await node(
        `require('node:v8').setFlagsFromString('--expose-gc'); const gc = require('node:vm').runInNewContext('gc');
         console.log('up'); process.stdin.once('data', () => { for (let i = 0; i < 9; i++) gc();
           setTimeout(() => console.log('done'), 50) })`,
      );
      const types = await kernel.enable('node.gc_ops', ['gctype', 'latency'], is('pid', String(child.pid)));
      child.stdin?.write('go\n');
      await said(child, 'done');
      const counts = countsOf(await kernel.read(types));
      expect(counts['mark and sweep']).toBe(9);
    });
  });
});

const totalOfCounts = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

/** The output of a program once it contains this. */
function said(child: ChildProcess, words: string): Promise<string> {
  return new Promise((done, failed) => {
    let output = '';
    const listen = (bytes: Buffer): void => {
      output += bytes.toString('latin1');
      if (!output.includes(words)) return;
      child.stdout?.off('data', listen);
      done(output);
    };
    child.stdout?.on('data', listen);
    child.once('exit', (code) => failed(new Error(`the program ended with ${code}: ${output}`)));
    child.once('error', failed);
  });
}

function ask(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<void> {
  return new Promise((done, failed) => {
    request({ agent, host: '127.0.0.1', port, method, path, headers }, (answer) => {
      answer.resume().on('end', done);
    })
      .on('error', failed)
      .end();
  });
}
