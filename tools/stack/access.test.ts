/*
 * The door opened to a network: TLS, tokens, customers, on the real stack. What single rules say is in
 * services/config/door/gate.test.ts; here stands that the parts hold together, down to the kernel and to cactl.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { checkDocumented } from '../../services/config/testing/documented';
import { cgroupRoot } from '../../services/instrumenter/sources/bpf/zones/zones';
import { makeCertificate, type CertificateFiles } from '../testing/certificate';
import { openBrowser } from '../testing/browser';
import { startKnownCalls, type KnownCalls } from '../testing/known-calls';
import { freePorts } from './ports';
import { buildFolder, startStack, type Stack } from './stack';
import { sharedBroker } from '../testing/test-broker';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const NAME = 'ca-access';
const TOKENS = { operator: newToken(), acme: newToken(), globex: newToken() };
const CPU = { module: 'cpu', stat: 'usage' };
const ACME = '/ca/customers/acme';
const KERNEL = process.platform === 'linux' && process.getuid?.() === 0;
const ZONE = `ca-access-${process.pid}.service`;

let home: string;
let files: CertificateFiles;
let stack: Stack;
let port: number;
const calls: KnownCalls[] = [];
let group: string | undefined;

function newToken(): string {
  return randomBytes(32).toString('hex');
}

function tokensFile(tokens: Readonly<Record<string, string>>): string {
  return Object.entries(tokens)
    .map(([name, token]) => {
      const role = name === 'operator' ? name : `customer:${name.replace(/-.*/, '')}`;
      return `${name} ${role} ${createHash('sha256').update(token).digest('hex')}\n`;
    })
    .join('');
}

beforeAll(async () => {
  const folder = join(buildFolder(), 'e2e');
  mkdirSync(folder, { recursive: true });
  home = mkdtempSync(join(folder, 'access-'));
  files = makeCertificate(home);
  writeFileSync(join(home, 'tokens'), tokensFile(TOKENS));
  writeFileSync(
    join(home, 'customers.json'),
    JSON.stringify({
      customers: {
        acme: { hosts: ['node-a'], zones: [ZONE, 'ca-access-later'] },
        globex: { hosts: ['node-b'] },
      },
    }),
  );
  if (KERNEL) {
    group = join(cgroupRoot(readFileSync('/proc/self/mounts', 'utf8')) ?? '', ZONE);
    mkdirSync(group);
  }
  port = (await freePorts(1))[0] ?? 0;
  stack = await startStack({
    ...sharedBroker(home),
    home,
    httpPort: port,
    aggregators: 1,
    hosts: ['node-a'],
    env: {
      CA_BIND: '0.0.0.0',
      CA_TLS_CERT: files.cert,
      CA_TLS_KEY: files.key,
      CA_TOKENS: join(home, 'tokens'),
      CA_CUSTOMERS: join(home, 'customers.json'),
    },
  });
});
afterAll(async () => {
  await Promise.all(calls.map((workload) => workload.end()));
  await stack?.stop();
  if (group !== undefined) await until('the zone being empty', 10_000, () => (rmdirSync(group ?? ''), true));
  rmSync(home, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Over HTTPS with the certificate checked; the answer is held against the API's description. */
async function ask(token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await send(token, method, path, body);
  checkDocumented(method, path, answer.status, answer.body);
  return answer;
}

function send(token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        ca: readFileSync(files.cert),
        agent: false,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (res) => {
        let text = '';
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        res.on('end', () => {
          const json = (res.headers['content-type'] ?? '').startsWith('application/json') && text !== '';
          resolve({ status: res.statusCode ?? 0, body: json ? (JSON.parse(text) as unknown) : text });
        });
      },
    );
    req.on('error', reject);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function create(token: string, scope: string, question: object): Promise<string> {
  const { status, body } = await ask(token, 'POST', `${scope}/instrumentations`, question);
  if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`);
  const { uri } = body as { uri: string };
  await until(`${uri} being gathered`, 60_000, async () => {
    const now = (await ask(token, 'GET', uri)).body as { state: { enabled: number } };
    return now.state.enabled === 1 ? true : undefined;
  });
  return uri;
}

test('the door speaks HTTPS only, and nobody enters without a token', async () => {
  await expect(
    new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: '/healthz' }, resolve).on('error', reject).end();
    }),
  ).rejects.toThrow();
  expect((await ask(undefined, 'GET', '/healthz')).status).toBe(200);
  expect((await ask(undefined, 'GET', '/ca')).status).toBe(401);
  expect((await ask(newToken(), 'GET', '/ca')).status).toBe(401);
  expect((await ask(TOKENS.operator, 'GET', '/ca')).status).toBe(200);
});

test('a customer reaches its own scope only, and never sees names of nodes', async () => {
  for (const path of [
    '/ca',
    '/ca/instrumentations',
    '/ca/admin/status',
    '/ca/customers/globex/instrumentations',
  ]) {
    expect([path, (await ask(TOKENS.acme, 'GET', path)).status]).toEqual([path, 403]);
  }
  const { status, body } = await ask(TOKENS.acme, 'GET', ACME);
  expect(status).toBe(200);
  const { fields, metrics } = body as { fields: object; metrics: { fields: string[] }[] };
  expect(metrics.length).toBeGreaterThan(0);
  expect(Object.keys(fields)).not.toContain('hostname');
  expect(metrics.some((metric) => metric.fields.includes('hostname'))).toBe(false);
  // No node here belongs to this one: what others' nodes offer is not its business.
  const asked = await ask(TOKENS.globex, 'POST', '/ca/customers/globex/instrumentations', CPU);
  expect(asked).toMatchObject({ status: 400, body: { error: { field: 'module' } } });
});

test('the page opens in a browser that is asked for a token, and not in one that has none', async () => {
  const browser = await openBrowser();
  try {
    const person = { username: 'anybody', password: TOKENS.operator };
    const visit = await browser.visit(stack.url, { credentials: person, trusting: true });
    await visit.page.locator('header').first().waitFor();
    expect(await visit.page.title()).toContain('Cloud Analytics');
    expect(visit.complaints).toEqual([]);
    await visit.close();
    const wrong = await browser.visit(stack.url, {
      credentials: { username: 'anybody', password: newToken() },
      trusting: true,
    });
    expect(await wrong.page.locator('header').count()).toBe(0);
    await wrong.close();
  } finally {
    await browser.close();
  }
});

test('aggregators answer the front door and nobody else', async () => {
  const [aggregator] = (await stack.status()).aggregators;
  const uri = await create(TOKENS.operator, '/ca', CPU);
  expect((await ask(TOKENS.operator, 'GET', `${uri}/value/raw`)).status).toBe(200);
  for (const headers of [{}, { authorization: `Bearer ${newToken()}` }, { 'x-ca-front-door': 'guess' }]) {
    const response = await fetch(`http://127.0.0.1:${aggregator?.httpPort}${uri}/value/raw`, { headers });
    expect([response.status, await response.json()]).toMatchObject([403, { error: { code: 'FORBIDDEN' } }]);
  }
  expect((await ask(TOKENS.operator, 'DELETE', uri)).status).toBe(204);
});

(KERNEL ? test : test.skip)(
  `a customer of zones sees the events of its own zone, and nobody else’s${KERNEL ? '' : ' (skipped: it needs root on Linux)'}`,
  async () => {
    const [inside, outside] = [await startKnownCalls(NAME), await startKnownCalls(NAME)];
    calls.push(inside, outside);
    writeFileSync(join(group ?? '', 'cgroup.procs'), String(inside.pid));
    const predicate = { and: [{ eq: ['execname', NAME] }, { eq: ['syscall', 'getppid'] }] };
    const question = { module: 'syscall', stat: 'syscalls', predicate };
    const own = await create(TOKENS.acme, ACME, question);
    const all = await create(TOKENS.operator, '/ca', question);
    const total = async (token: string, uri: string, from: number, duration: number): Promise<unknown> => {
      const query = `start_time=${from}&duration=${duration}&timeout=5000`;
      const { body } = await ask(token, 'GET', `${uri}/value/raw?${query}`);
      const { minreporting, value } = body as { minreporting: number; value: unknown };
      return minreporting === 1 ? value : undefined;
    };
    const first = Math.floor(Date.now() / 1000) + 1;
    await until('values of both', 30_000, async () =>
      (await total(TOKENS.acme, own, first, 1)) !== undefined &&
      (await total(TOKENS.operator, all, first, 1)) !== undefined
        ? true
        : undefined,
    );
    const start = Math.floor(Date.now() / 1000);
    await inside.make(321);
    await outside.make(1000);
    const duration = Math.floor(Date.now() / 1000) - start + 2;
    const values = await until('all seconds', 30_000, async () => {
      const seen = [
        await total(TOKENS.acme, own, start, duration),
        await total(TOKENS.operator, all, start, duration),
      ];
      return seen.includes(undefined) ? undefined : seen;
    });
    expect(values).toEqual([321, 1321]);
    // What it is limited to is not shown as part of its question, and its node has no name.
    const { body } = await ask(TOKENS.acme, 'GET', own);
    expect(body).toMatchObject({ predicate });
    expect(JSON.stringify(body)).not.toContain('node-a');
  },
);

test('cactl enters with CA_TOKEN, an operator everywhere, a customer into its scope', async () => {
  const cactl = (token: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(buildFolder(), 'tools', 'cactl', 'main.js'), ...args, '--url', stack.url],
        {
          env: {
            PATH: process.env['PATH'],
            HOME: home,
            CA_TOKEN: token,
            CA_AMQP_URL: stack.amqpUrl,
            CA_AMQP_PREFIX: stack.prefix,
            NODE_EXTRA_CA_CERTS: files.cert,
          },
        },
        (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code), out, err });
        },
      );
    });
  const made = await cactl(TOKENS.operator, 'create', 'cpu.usage');
  expect(made).toMatchObject({ code: 0 });
  expect((await cactl(TOKENS.operator, 'list')).out).toContain('cpu.usage');
  const refused = await cactl(TOKENS.acme, 'list');
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('this token reaches /ca/customers/acme');
  expect(await cactl(TOKENS.acme, 'list', '--customer', 'acme')).toMatchObject({ code: 0 });
  expect((await cactl(newToken(), 'list')).code).not.toBe(0);
});

test('SIGHUP reads tokens and customers anew; a file that is not valid changes nothing', async () => {
  const renewed = newToken();
  writeFileSync(join(home, 'tokens'), tokensFile({ operator: TOKENS.operator, 'acme-new': renewed }));
  stack.config.signal('SIGHUP');
  await until('the new token', 30_000, async () =>
    (await ask(renewed, 'GET', ACME)).status === 200 ? true : undefined,
  );
  expect((await ask(TOKENS.acme, 'GET', ACME)).status).toBe(401);

  writeFileSync(join(home, 'tokens'), 'this is no token\n');
  const said = (): number => readFileSync(stack.config.logFile, 'utf8').split('stay as they were').length;
  const before = said();
  stack.config.signal('SIGHUP');
  await until('the complaint', 30_000, () => (said() > before ? true : undefined));
  expect((await ask(renewed, 'GET', ACME)).status).toBe(200);
  expect((await ask(TOKENS.operator, 'GET', '/ca')).status).toBe(200);
});

test('no log holds a token', () => {
  const logs = execFileSync('cat', [
    stack.config.logFile,
    ...stack.aggregators.map((one) => one.logFile),
  ]).toString();
  for (const token of Object.values(TOKENS)) expect(logs).not.toContain(token);
});
