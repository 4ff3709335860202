/* What joining writes to a machine, whatever the door answers and whatever was there. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../cactl/testing/console';
import { NODE_PROGRAM } from './program';
import { SettingsFile } from './settings-file';

jest.setTimeout(60_000);

let etc: string;
let server: Server;
let url: string;
let answer: Record<string, unknown>;
const GOOD = {
  host: 'n1',
  user: 'node-n1',
  brokers: 'amqps://b1.example:5671/,amqps://b2.example:5671/',
  prefix: 'lab',
  kind: 'password',
  secret: 'p@ss/w%rd',
};

beforeEach(async () => {
  etc = join(mkdtempSync(join(tmpdir(), 'ca-etc-')), 'etc');
  mkdirSync(etc, { mode: 0o700 });
  answer = { ...GOOD };
  server = createServer((_incoming, outgoing) => {
    outgoing.writeHead(201, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(join(etc, '..'), { recursive: true, force: true });
});

const joinIt = (...more: string[]) =>
  run(NODE_PROGRAM, [
    'join',
    url,
    '--token',
    't',
    '--host',
    'n1',
    '--etc',
    etc,
    '--no-start',
    '-o',
    'json',
    ...more,
  ]);
const FILE = 'instrumenter.environment';
const text = (): string => readFileSync(join(etc, FILE), 'utf8');

test('a user and password go into the URL of each broker, escaped; what was there stays', async () => {
  writeFileSync(join(etc, FILE), '# by hand\nCA_SOURCES=synthetic\nCA_NODE_SECRET=old\nCA_HOST=old\n\n', {
    mode: 0o644,
  });
  const { status, err } = await joinIt();
  expect([status, err]).toEqual([0, '']);
  expect(text()).toBe(
    [
      '# by hand',
      'CA_SOURCES=synthetic',
      'CA_HOST=n1',
      'CA_AMQP_URL=amqps://node-n1:p%40ss%2Fw%25rd@b1.example:5671/,amqps://node-n1:p%40ss%2Fw%25rd@b2.example:5671/',
      'CA_AMQP_PREFIX=lab',
      `CA_DOOR=${url}`,
      '',
    ].join('\n'),
  );
  expect(statSync(join(etc, FILE)).mode & 0o777).toBe(0o600);
  expect(readdirSync(etc)).toEqual([FILE]);
});

test.each<[string, Record<string, unknown>]>([
  ['brokers of another kind', { brokers: 'http://b1/' }],
  ['brokers with a line of their own', { brokers: 'amqps://b1/\nCA_DOOR=https://evil/' }],
  ['brokers with a command', { brokers: 'amqps://b1/$(id)' }],
  ['a prefix with a line of its own', { prefix: 'x\nLD_PRELOAD=/tmp/x' }],
  ['a prefix with a quote', { prefix: '"' }],
  ['another host', { host: 'n2' }],
  ['a number for a secret', { secret: 7 }],
  ['an unknown kind', { kind: 'x' }],
  ['no brokers', { brokers: undefined }],
  ['an authority that is none', { brokerCa: 'trust me' }],
])('an answer with %s changes nothing here', async (_what, change) => {
  answer = { ...GOOD, ...change };
  writeFileSync(join(etc, FILE), 'CA_SOURCES=synthetic\n', { mode: 0o600 });
  const { status } = await joinIt();
  expect(status).toBe(1);
  expect(text()).toBe('CA_SOURCES=synthetic\n');
  expect(readdirSync(etc).sort()).toEqual([FILE, 'join.key']);
});

test('interrupted, the same key is shown again; with another name, another', async () => {
  answer = {};
  await joinIt();
  const key = readFileSync(join(etc, 'join.key'), 'utf8');
  expect(statSync(join(etc, 'join.key')).mode & 0o777).toBe(0o600);
  await joinIt();
  expect(readFileSync(join(etc, 'join.key'), 'utf8')).toBe(key);
  await joinIt('--host', 'n2');
  expect(readFileSync(join(etc, 'join.key'), 'utf8')).not.toContain(key.split(' ')[1]);
});

test('a folder that others can write to is not used, and nothing is asked for', async () => {
  rmSync(etc, { recursive: true });
  mkdirSync(etc);
  // mkdir's mode is less the umask.
  const { chmodSync } = await import('node:fs');
  chmodSync(etc, 0o777);
  const { status, err } = await joinIt();
  expect([status, err]).toEqual([1, expect.stringContaining('others could change what runs here')]);
  expect(existsSync(join(etc, 'join.key'))).toBe(false);
});

test('settings are read as systemd reads them: quotes go, comments and the rest are passed over', () => {
  writeFileSync(join(etc, 'environment'), 'CA_HOST="a"\nCA_SEED=1\n');
  writeFileSync(join(etc, FILE), "# CA_X=1\nCA_HOST='b'\nnonsense\nCA_Y=a=b\n");
  expect(new SettingsFile(etc, '/nowhere').read()).toEqual({ CA_HOST: 'b', CA_SEED: '1', CA_Y: 'a=b' });
  expect(() => new SettingsFile(undefined, '/nowhere')).toThrow(/etc\/cloud-analytics|--etc/);
});
