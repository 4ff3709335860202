/* Where the deployment is found: options, environment, named contexts, the file that make run writes. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACTL } from './commands';
import { Options } from '../cli/options';
import { withoutPassword } from '../../common/service/broker-url';
import { findTarget } from '../cli/system/target';
import { run, type Printed } from './testing/console';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cactl-context-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const options = (values: Record<string, string> = {}): Options =>
  new Options(new Map(Object.entries(values)));
const file = (): string => join(folder, 'config.yaml');
const CONTEXTS = `current: home
contexts:
  home: {url: 'http://home/', prefix: h}
  work: {url: 'http://work/', token: secret}
`;

function find(env: Record<string, string> = {}, flags: Record<string, string> = {}) {
  return findTarget(
    { env: { HOME: '/nonexistent', CA_CONFIG: file(), ...env }, cwd: folder },
    options(flags),
  );
}

function connection(at: string, url: string): void {
  mkdirSync(at, { recursive: true });
  writeFileSync(
    join(at, 'connection.json'),
    JSON.stringify({ url, amqpUrl: 'amqp://ca:x@127.0.0.1:5/', prefix: 'p' }),
  );
}

test('without anything, port 23181 of this machine is meant', () => {
  expect(find()).toMatchObject({ url: 'http://127.0.0.1:23181/', prefix: '' });
});

test('beside a make run with CA_HTTP_PORT its port and its folder are meant', () => {
  const env = { CA_HTTP_PORT: '24181' };
  const { url, origins } = find(env);
  expect([url, origins.get('url')]).toEqual(['http://127.0.0.1:24181/', 'CA_HTTP_PORT']);
  connection(join(folder, '.run', '24181'), 'http://run/');
  expect(find(env)).toMatchObject({ url: 'http://run/', amqpUrl: 'amqp://ca:x@127.0.0.1:5/' });
  expect(find()).toMatchObject({ url: 'http://127.0.0.1:23181/' });
  for (const port of ['', 'x', '0', '-1']) {
    expect(find({ CA_HTTP_PORT: port }).url).toBe('http://127.0.0.1:23181/');
  }
});

describe('a token goes to the address that it was given with', () => {
  const token = 'CA_TOKEN';
  const sent = (env: Record<string, string>, flags: Record<string, string> = {}): unknown =>
    find({ [token]: 'secret', ...env }, flags).token;

  test('from a flag or the environment to any that was named by hand', () => {
    writeFileSync(file(), CONTEXTS, { mode: 0o600 });
    expect(sent({ CA_URL: 'http://far/' })).toBe('secret');
    expect(sent({}, { url: 'http://far/' })).toBe('secret');
    expect(sent({}, { context: 'home' })).toBe('secret');
    rmSync(file());
    expect(sent({})).toBe('secret');
    expect(sent({ CA_HTTP_PORT: '1' })).toBe('secret');
    connection(join(folder, 'elsewhere'), 'http://far/');
    expect(sent({ CA_HOME: join(folder, 'elsewhere') })).toBe('secret');
  });

  test('not to one that a file in the current folder names, unless it is of this machine', () => {
    connection(join(folder, '.run'), 'http://evil/');
    const target = find({ [token]: 'secret' });
    expect(target.token).toBeUndefined();
    expect(target.warnings.join()).toContain('the token from environment is not sent to the address from');
    for (const url of ['https://127.0.0.1:1/', 'http://localhost/', 'http://[::1]:5/']) {
      connection(join(folder, '.run'), url);
      expect(sent({})).toBe('secret');
    }
    for (const url of ['http://127.0.0.1.evil/', 'http://localhost@evil/', 'http://127.evil/']) {
      connection(join(folder, '.run'), url);
      expect(sent({})).toBeUndefined();
    }
  });

  test('one of a context to no other address than that context’s', () => {
    writeFileSync(file(), CONTEXTS, { mode: 0o600 });
    expect(find({}, { context: 'work' }).token).toBe('secret');
    expect(find({}, { context: 'work', url: 'http://far/' }).token).toBeUndefined();
    expect(find({ CA_URL: 'http://far/' }, { context: 'work' }).token).toBeUndefined();
  });

  test('and what others can write names no address at all', () => {
    connection(join(folder, '.run'), 'http://127.0.0.1:5/');
    for (const path of [join(folder, '.run'), join(folder, '.run', 'connection.json')]) {
      const before = statSync(path).mode;
      chmodSync(path, 0o777);
      const { url, warnings } = find();
      expect([url, warnings.join()]).toEqual([
        'http://127.0.0.1:23181/',
        expect.stringContaining('can be written by others'),
      ]);
      chmodSync(path, before);
    }
  });
});

test('each fact comes from the first place that has it, and is told with its place', () => {
  connection(join(folder, '.run'), 'http://run/');
  expect(find()).toMatchObject({ url: 'http://run/', amqpUrl: 'amqp://ca:x@127.0.0.1:5/' });
  writeFileSync(file(), CONTEXTS);
  const mixed = find();
  expect(mixed).toMatchObject({ url: 'http://home/', prefix: 'h', amqpUrl: 'amqp://ca:x@127.0.0.1:5/' });
  expect(mixed.origins.get('url')).toBe('context home');
  connection(join(folder, 'state'), 'http://state/');
  expect(find({ CA_HOME: join(folder, 'state') })).toMatchObject({ url: 'http://state/', prefix: 'p' });
  expect(find({ CA_HOME: join(folder, 'state') }, { context: 'work' })).toMatchObject({
    url: 'http://work/',
    token: 'secret',
  });
  expect(find({ CA_URL: 'http://env/' }, { context: 'work' }).url).toBe('http://env/');
  expect(find({ CA_URL: 'http://env/' }, { url: 'http://flag/' }).url).toBe('http://flag/');
});

test('secrets that others can read are warned of', () => {
  writeFileSync(file(), CONTEXTS, { mode: 0o644 });
  chmodSync(file(), 0o644);
  expect(find().warnings.join()).toMatch(/others can read the secrets in .*; fix: chmod 600/);
  chmodSync(file(), 0o600);
  expect(find().warnings).toEqual([]);
});

test('a broken file is named with its line; a broken connection.json is left out with a warning', () => {
  writeFileSync(file(), 'contexts:\n  a: [1\n');
  expect(() => find()).toThrow(/config.yaml line \d+, column \d+: /);
  writeFileSync(file(), '');
  connection(join(folder, '.run'), 'http://run/');
  writeFileSync(join(folder, '.run', 'connection.json'), '{');
  expect(find()).toMatchObject({ url: 'http://127.0.0.1:23181/' });
  expect(find().warnings.join()).toMatch(/is not JSON/);
});

test('contexts are set, used, listed and removed, in a file for their owner alone', async () => {
  const cactl = (...argv: string[]): Promise<Printed> =>
    run(CACTL, argv, { env: { CA_CONFIG: file() }, cwd: folder });
  expect(
    (await cactl('context', 'set', 'lab', '--url', 'http://lab/', '--amqp-url', 'amqp://u:geheim@lab/'))
      .status,
  ).toBe(0);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect((await cactl('context', 'use', 'lab')).out).toBe('lab is meant from now on\n');
  const { out } = await cactl('context');
  expect(out).toMatch(/url +http:\/\/lab\/ +context lab/);
  expect(out).not.toContain('geheim');
  expect((await cactl('context', 'use', 'nowhere')).err).toMatch(/there is no context nowhere/);
  expect((await cactl('context', 'remove', 'lab')).status).toBe(0);
  expect((await cactl('context')).out).toMatch(/url +http:\/\/127\.0\.0\.1:23181\/ +default/);
});

test('a password is never shown', () => {
  expect(withoutPassword('amqp://ca:geheim@127.0.0.1:5/')).toBe('amqp://ca:***@127.0.0.1:5/');
});
