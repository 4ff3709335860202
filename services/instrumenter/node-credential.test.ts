import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RenewedAnswer } from '../../common/api/join';
import { SILENT } from '../../common/service/log';
import { NodeCredential, openNodeCredential } from './node-credential';

let folder: string;
let credential: NodeCredential;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ca-credential-'));
});
afterEach(() => {
  credential?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A front door that answers one, two, three, …; or refuses. */
function setUp(expiresIn: number): { asked: () => number; refuse: (refuses: boolean) => void; file: string } {
  let [count, refuses] = [0, false];
  const file = join(folder, 'credential.json');
  credential = new NodeCredential({
    ask: (): Promise<RenewedAnswer> => {
      count++;
      if (refuses) return Promise.reject(new Error('the door is away'));
      return Promise.resolve({ kind: 'token', secret: `token ${count}`, expiresIn });
    },
    user: 'node-n1',
    file,
    tls: {},
    log: SILENT,
    retryMs: { first: 20, most: 40 },
  });
  return { asked: () => count, refuse: (now) => (refuses = now), file };
}

test('it is renewed long before it ends, and whoever is connected is told of each', async () => {
  const { asked } = setUp(0.3);
  const told: string[] = [];
  await credential.start();
  credential.onSecret((secret) => told.push(secret));
  expect(credential.secret()).toBe('token 1');
  await pause(450);
  expect(asked()).toBeGreaterThan(2);
  expect(told.slice(0, 2)).toEqual(['token 2', 'token 3']);
  expect(credential.secret()).toBe(told.at(-1));
});

test('a door that is away is asked again and again, and the last one stays in use', async () => {
  const { asked, refuse } = setUp(0.06);
  await credential.start();
  refuse(true);
  await pause(250);
  expect(credential.secret()).toBe('token 1');
  const before = asked();
  expect(before).toBeGreaterThan(3);
  refuse(false);
  await pause(150);
  expect(credential.secret()).not.toBe('token 1');
});

test('the newest is kept, for this user alone, and a restart begins with it while the door is away', async () => {
  const { file } = setUp(3600);
  await credential.start();
  credential.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { refuse } = setUp(3600);
  refuse(true);
  await credential.start();
  expect(credential.secret()).toBe('token 1');
});

test.each(['', '{}', JSON.stringify({ secret: 'old', until: 1 })])(
  'what was kept and is %j is not used',
  async (text) => {
    const { file } = setUp(3600);
    writeFileSync(file, text);
    await credential.start();
    expect(credential.secret()).toBe('token 1');
    expect(readFileSync(file, 'utf8')).toContain('token 1');
  },
);

test('a broker that refuses it makes it be renewed, but not with each try to connect', async () => {
  const { asked } = setUp(3600);
  await credential.start();
  await pause(30);
  for (let i = 0; i < 50; i++) credential.refused();
  await pause(5);
  expect(asked()).toBe(2);
});

test('settings that cannot be are an error, and none is no credential', async () => {
  const node = { home: folder, host: 'n1', amqpPrefix: '' };
  expect(await openNodeCredential(node, {}, {}, SILENT)).toBeUndefined();
  const key = 'a'.repeat(64);
  for (const env of [
    { CA_NODE_SECRET: 'short' },
    { CA_NODE_SECRET: key },
    { CA_NODE_SECRET: key, CA_DOOR: 'http://ca.example/' },
  ])
    await expect(openNodeCredential(node, env, {}, SILENT)).rejects.toThrow(/^CA_(NODE_SECRET|DOOR) must/);
});
