/*
 * A machine joins for real: RabbitMQ with its OAuth 2 plugin and TLS, the config service with HTTPS, `cloud-analytics join`, and an
 * instrumenter with what that has written.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { InventoryAnswer } from '../../common/api/nodes';
import { askDoor } from '../../common/http/door-client';
import { TokenSigner } from '../../services/config/fleet/enrolment/token-signer';
import { Authority } from '../certs/authority';
import { buildFolder } from '../stack/checkout';
import { freePorts } from '../stack/ports';
import { startStack, type Stack } from '../stack/stack';
import { until } from '../testing/until';
import { fingerprint } from './authority';
import { filesIn } from '../../services/config/state/storage';

jest.setTimeout(240_000);

const OPERATOR = 'o'.repeat(64);
const LIFETIME_S = 60;

let home: string;
let stack: Stack;
let authority: Authority;
let doorPort: number;
let amqpsPort: number;
const running: ChildProcess[] = [];

beforeAll(async () => {
  mkdirSync(join(buildFolder(), 'e2e'), { recursive: true });
  home = mkdtempSync(join(buildFolder(), 'e2e', 'join-'));
  authority = new Authority(join(home, 'certs'));
  const door = authority.issue({ name: 'door', names: ['127.0.0.1', 'localhost'] });
  const broker = authority.issue({ name: 'broker', names: ['127.0.0.1'] });
  [doorPort = 0, amqpsPort = 0] = await freePorts(2);
  const ca = join(home, 'ca');
  mkdirSync(ca, { mode: 0o700 });
  const signer = await TokenSigner.open(await filesIn(join(ca, 'config')));
  const pem = join(home, 'signing.pem');
  writeFileSync(pem, signer.publicPem);
  const tokens = join(home, 'tokens');
  writeFileSync(tokens, `operator operator ${createHash('sha256').update(OPERATOR).digest('hex')}\n`, {
    mode: 0o600,
  });
  stack = await startStack({
    home: ca,
    httpPort: doorPort,
    aggregators: 1,
    hosts: ['here'],
    sources: ['synthetic'],
    brokerMore: {
      plugins: ['rabbitmq_auth_backend_oauth2'],
      conf: [
        'auth_backends.1 = internal',
        'auth_backends.2 = rabbit_auth_backend_oauth2',
        'auth_oauth2.resource_server_id = cloud-analytics',
        `auth_oauth2.signing_keys.${signer.id} = ${pem}`,
        `listeners.ssl.1 = 127.0.0.1:${amqpsPort}`,
        `ssl_options.cacertfile = ${authority.caFile}`,
        `ssl_options.certfile = ${broker.certFile}`,
        `ssl_options.keyfile = ${broker.keyFile}`,
      ],
    },
    env: {
      CA_TLS_CERT: door.certFile,
      CA_TLS_KEY: door.keyFile,
      CA_TLS_CA: authority.caFile,
      CA_AGGREGATOR_CERT: door.certFile,
      CA_AGGREGATOR_KEY: door.keyFile,
      CA_AGGREGATOR_CA: authority.caFile,
      CA_TOKENS: tokens,
      CA_NODE_CREDENTIALS: 'token',
      CA_TOKEN_LIFETIME: String(LIFETIME_S),
      CA_NODE_AMQP_URL: `amqps://127.0.0.1:${amqpsPort}/`,
      CA_NODE_AMQP_CA: authority.caFile,
    },
  });
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0)));
  }
});
afterAll(async () => {
  await stack?.stop();
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function run(program: 'cactl' | 'node', args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const file = join(buildFolder(), 'tools', program, 'main.js');
    const own = { PATH: process.env['PATH'], HOME: home, ...env };
    execFile(process.execPath, [file, ...args], { env: own, timeout: 60_000 }, (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

const door = (): string => `https://127.0.0.1:${doorPort}`;
const cactl = (...args: string[]): Promise<Ran> =>
  run('cactl', [...args, '--url', door(), '--ca', authority.caFile, '--token', OPERATOR]);

async function token(...options: string[]): Promise<{ token: string; id: string; line: string }> {
  const { out, err } = await cactl('enroll', '-o', 'json', ...options);
  expect(err).toBe('');
  return JSON.parse(out) as { token: string; id: string; line: string };
}

/** An empty folder of settings, as a package leaves it. */
function etc(): string {
  const folder = mkdtempSync(join(home, 'etc-'));
  writeFileSync(join(folder, 'instrumenter.environment'), '# of the package\nCA_SOURCES=synthetic\n', {
    mode: 0o600,
  });
  return folder;
}

const settings = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(join(folder, 'instrumenter.environment'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('CA_'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

function instrumenter(folder: string, more: NodeJS.ProcessEnv = {}): { log: () => string } {
  const file = join(buildFolder(), 'services', 'instrumenter', 'main.js');
  const state = mkdtempSync(join(home, 'node-'));
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], CA_HOME: state, ...settings(folder), ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (text: Buffer) => (log += text.toString()));
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  running.push(child);
  return { log: () => log };
}

async function stateOf(host: string): Promise<string | undefined> {
  const { out } = await cactl('node', 'list', '-o', 'json');
  return (JSON.parse(out) as InventoryAnswer).nodes.find((node) => node.host === host)?.state;
}

const online = (host: string): Promise<true> =>
  until(
    `${host} being online`,
    30_000,
    async () => ((await stateOf(host)) === 'online' ? true : undefined),
    500,
  );

test('one line from cactl makes a node that gathers, with its own credential, over TLS', async () => {
  const { line, token: secret } = await token('--hosts', 'n1');
  expect(line).toBe(
    `cloud-analytics join ${door()} --token ${secret} --ca-pin sha256:${fingerprint(readFileSync(authority.caFile, 'utf8'))}`,
  );
  const folder = etc();
  const [, ...args] = line.split(' ');
  const joined = await run('node', [...args, '--host', 'n1', '--etc', folder, '--no-start']);
  expect([joined.status, joined.err]).toEqual([0, '']);
  expect(joined.out).toContain('n1 has joined as node-n1');
  expect(joined.out).toMatch(/synthetic +\d+ metrics/);
  expect(joined.out).toMatch(/^ {2}broker +127.0.0.1:\d+ answers, and is whom we believe$/m);
  expect(joined.out).toMatch(/^ {2}credential +is renewed by the front door$/m);
  const file = join(folder, 'instrumenter.environment');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('# of the package\nCA_SOURCES=synthetic\n');
  expect(settings(folder)).toMatchObject({ CA_HOST: 'n1', CA_AMQP_URL: `amqps://127.0.0.1:${amqpsPort}/` });
  expect(existsSync(join(folder, 'join.key'))).toBe(false);
  expect(joined.out).not.toContain(settings(folder)['CA_NODE_SECRET']);

  instrumenter(folder);
  await online('n1');
  // From its kernel to the door: broker, aggregator and door speak TLS.
  const created = await cactl('create', 'syscall.syscalls', '-o', 'json');
  const { id } = JSON.parse(created.out) as { id: string };
  await until('values of both nodes', 30_000, async () => {
    const { out } = await cactl('value', id, '-o', 'json');
    return /"(nsources|reporting)": ?2/.test(out) ? true : undefined;
  });
  // The token was for one machine.
  const again = await run('node', [...args, '--host', 'n1', '--etc', etc(), '--no-start']);
  expect([again.status, again.err]).toEqual([1, expect.stringContaining('this token is not known')]);
});

test('doctor says what is missing, and exits with 1', async () => {
  const fresh = await run('node', ['doctor', '--etc', etc()]);
  expect([fresh.status, fresh.out]).toEqual([
    1,
    expect.stringContaining('! front door   this machine has not joined'),
  ]);
  const none = await run('node', ['doctor', '--etc', join(home, 'nowhere')]);
  expect(none.err).toContain('there is no folder');
});

test('a door that is not the one that was meant gets no token: wrong fingerprint, authority or name', async () => {
  const { token: secret } = await token();
  const stranger = new Authority(join(home, 'stranger'));
  const attempt = (...more: string[]): Promise<Ran> =>
    run('node', ['join', door(), '--token', secret, '--host', 'n7', '--etc', etc(), '--no-start', ...more]);
  expect((await attempt('--ca-pin', `sha256:${'0'.repeat(64)}`)).err).toContain('somebody stands in between');
  expect((await attempt('--ca', stranger.caFile)).err).toContain('is not trusted');
  expect((await attempt()).err).toContain('is not trusted');
  expect((await attempt('--ca-pin', 'sha256:1')).status).toBe(2);
  const plain = await run('node', ['join', 'http://ca.example', '--token', secret, '--etc', etc()]);
  expect([plain.status, plain.err]).toEqual([2, expect.stringContaining('must begin with https://')]);
  // It was never used up.
  expect((await attempt('--ca', authority.caFile)).status).toBe(0);
});

test('a revoked node is out at once: nothing it says counts, nothing is renewed, and it says why', async () => {
  const { token: secret } = await token();
  const folder = etc();
  await run('node', [
    'join',
    door(),
    '--token',
    secret,
    '--ca',
    authority.caFile,
    '--host',
    'n2',
    '--etc',
    folder,
    '--no-start',
  ]);
  const node = instrumenter(folder);
  await online('n2');
  expect((await cactl('node', 'revoke', 'n2')).out).toContain('n2 is revoked');
  expect(await stateOf('n2')).toBe('revoked');
  const { online: here } = await stack.status();
  expect(here.instrumenters).toBe(1);
  await pause(3000);
  expect((await stack.status()).online.instrumenters).toBe(1);
  const ca = readFileSync(authority.caFile, 'utf8');
  const body = { host: 'n2', key: settings(folder)['CA_NODE_SECRET'] };
  await expect(askDoor({ url: door(), ca }, '/ca/credential', { method: 'POST', body })).rejects.toThrow(
    'n2 is revoked',
  );
  const doctor = await run('node', ['doctor', '--etc', folder]);
  expect([doctor.status, doctor.out]).toEqual([1, expect.stringContaining('n2 is revoked')]);
  // Until its token ends it is renewed at a third of a minute: it hears of it there.
  await until(
    'the node saying so',
    40_000,
    () => (node.log().includes('n2 is revoked') ? true : undefined),
    500,
  );
});

test('a credential is renewed on the open connection: no reconnect beyond its lifetime', async () => {
  const { token: secret } = await token();
  const folder = etc();
  await run('node', [
    'join',
    door(),
    '--token',
    secret,
    '--ca',
    authority.caFile,
    '--host',
    'n3',
    '--etc',
    folder,
    '--no-start',
  ]);
  const node = instrumenter(folder);
  await online('n3');
  await pause((LIFETIME_S + 15) * 1000);
  expect(await stateOf('n3')).toBe('online');
  expect(node.log().match(/connected to the broker/g)).toHaveLength(1);
  expect(node.log()).not.toContain('lost the broker');
});

test('a drained node is not missed and comes back', async () => {
  const { token: secret } = await token();
  const folder = etc();
  await run('node', [
    'join',
    door(),
    '--token',
    secret,
    '--ca',
    authority.caFile,
    '--host',
    'n4',
    '--etc',
    folder,
    '--no-start',
  ]);
  instrumenter(folder);
  await online('n4');
  await cactl('node', 'drain', 'n4');
  await pause(3000);
  expect(await stateOf('n4')).toBe('drained');
  await cactl('node', 'resume', 'n4');
  await online('n4');
});
