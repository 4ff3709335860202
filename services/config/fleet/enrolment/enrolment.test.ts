/* Joining through the front door: what tokens allow, and which nodes get credentials. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JoinedAnswer, MadeToken } from '../../../../common/api/join';
import { addNode, nodeKey } from '../../testing/fake-fleet';
import { testFront, type TestFront } from '../../testing/test-front';
import { parseTokens } from '../../door/tokens';
import { CaError } from '../../../../common/service/errors';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const KEY = 'a'.repeat(64);
const OTHER_KEY = 'b'.repeat(64);
const OPERATOR = { authorization: 'Bearer operators' };

let front: TestFront;
let issued: string[];
let revoked: string[];
let failing: boolean;
let unreachable: boolean;
beforeEach(async () => {
  [issued, revoked, failing, unreachable] = [[], [], false, false];
  front = await testFront({
    tokens: parseTokens(`operator operator ${sha256('operators')}\n`),
    issuer: {
      kind: 'token',
      livesOnMs: 60_000,
      issue: (host) => {
        if (failing) return Promise.reject(new CaError('NO_RESOURCE', 'the broker is away'));
        issued.push(host);
        return Promise.resolve({ kind: 'token', secret: `jwt of ${host} ${issued.length}`, expiresIn: 60 });
      },
      revoke: (host) => {
        if (unreachable) return Promise.reject(new CaError('NO_RESOURCE', 'the broker is away'));
        revoked.push(host);
        return Promise.resolve();
      },
    },
  });
});
afterEach(() => front.close());

async function makeToken(body: object = {}): Promise<MadeToken> {
  const { status, json } = await front.ask('POST', '/ca/admin/join-tokens', body, OPERATOR);
  expect(status).toBe(201);
  return json as MadeToken;
}
const ask = (token: string, host = 'n1', key = KEY, from = '10.0.0.1') =>
  front.ask('POST', '/ca/join', { token, host, keyHash: sha256(key) }, { 'x-from': from });
const renew = (host: string, key: string, from = '10.0.0.1') =>
  front.ask('POST', '/ca/credential', { host, key }, { 'x-from': from });

test('a node joins with a token and no operator’s, gets what it needs, and renews with its own key', async () => {
  const { token } = await makeToken();
  const { status, json } = await ask(token);
  expect(status).toBe(201);
  expect(json as JoinedAnswer).toEqual({
    host: 'n1',
    user: 'node-n1',
    brokers: 'amqps://broker.example:5671/',
    prefix: '',
    kind: 'token',
    secret: 'jwt of n1 1',
    expiresIn: 60,
  });
  expect((await renew('n1', KEY)).json).toEqual({ kind: 'token', secret: 'jwt of n1 2', expiresIn: 60 });
  const { json: nodes } = await front.ask('GET', '/ca/admin/nodes', undefined, OPERATOR);
  expect(nodes).toMatchObject({
    expected: 1,
    nodes: [{ host: 'n1', state: 'starting', credential: 'token' }],
  });
});

test('neither tokens nor keys are stored in plain text or shown again', async () => {
  const { token, id } = await makeToken();
  await ask(token);
  const text = await readFile(join(front.folder, 'config', 'fleet.json'), 'utf8');
  expect(text).toContain(id);
  expect(text).not.toContain(token.split('.')[1]);
  expect(text).not.toContain(KEY);
  const { text: list } = await front.ask('GET', '/ca/admin/join-tokens', undefined, OPERATOR);
  expect(list).toContain(id);
  expect(list).not.toContain('hash');
});

test('a token that was used up, has expired, was revoked or never was is worth the same: nothing', async () => {
  const once = await makeToken();
  await ask(once.token);
  const expired = await makeToken({ expires: 60 });
  const revoked_ = await makeToken();
  await front.ask('DELETE', `/ca/admin/join-tokens/${revoked_.id}`, undefined, OPERATOR);
  front.clock.pass(61);
  const answers = [];
  for (const token of [
    once.token,
    expired.token,
    revoked_.token,
    `${once.id}.${'0'.repeat(64)}`,
    '',
    'x'.repeat(200),
  ])
    answers.push(await ask(token, 'n2'));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(issued).toEqual(['n1']);
});

test('of many that come at once with the last use of a token, one joins', async () => {
  const { token } = await makeToken({ uses: 3 });
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, i) => ask(token, `n${i}`, KEY, `10.0.0.${i}`)),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  const { json } = await front.ask('GET', '/ca/admin/join-tokens', undefined, OPERATOR);
  expect(json).toMatchObject([{ uses: 0 }]);
});

test('after a lost answer the same node can retry, without using the token again', async () => {
  const { token } = await makeToken();
  failing = true;
  expect((await ask(token)).status).toBe(503);
  failing = false;
  expect((await ask(token)).status).toBe(201);
  expect((await ask(token)).status).toBe(201);
  expect((await ask(token, 'n1', OTHER_KEY)).status).toBe(401);
});

test('two nodes cannot have one name: neither one that joined, nor one that is here, nor one that was revoked', async () => {
  const { token } = await makeToken({ uses: 9 });
  await ask(token);
  expect(await ask(token, 'n1', OTHER_KEY)).toMatchObject({ status: 409 });
  expect((await renew('n1', OTHER_KEY)).status).toBe(401);
  await addNode(front.bus, 'n2');
  expect(await ask(token, 'n2')).toMatchObject({
    status: 409,
    text: expect.stringContaining('stop its instrumenter') as string,
  });
  await front.ask('PUT', '/ca/admin/nodes/n1', { state: 'revoked' }, OPERATOR);
  expect((await ask(token, 'n1', OTHER_KEY)).status).toBe(409);
  expect((await ask(token, 'n1', KEY)).status).toBe(409);
  // Its name is free when its last credential has ended, and it is forgotten.
  expect(await front.ask('DELETE', '/ca/admin/nodes/n1', undefined, OPERATOR)).toMatchObject({ status: 409 });
  front.clock.pass(61);
  await front.ask('DELETE', '/ca/admin/nodes/n1', undefined, OPERATOR);
  expect((await ask(token, 'n1', OTHER_KEY)).status).toBe(201);
  expect((await renew('n1', KEY)).status).toBe(401);
});

test('a token is for the hosts that it names', async () => {
  const { token } = await makeToken({ uses: 9, hosts: ['web-*', 'db-1'] });
  const statuses = [];
  for (const host of ['web-1', 'db-1', 'db-2', 'xweb-1', 'web', 'WEB-1'])
    statuses.push((await ask(token, host)).status);
  expect(statuses).toEqual([201, 201, 403, 403, 403, 403]);
});

test.each(['', '..', 'a/b', 'a*', '*', 'n1\n', 'é', 'n 1', '-n', 'n.', 'x'.repeat(201), 'a"b', "a';--"])(
  'the hostile name %j does not join',
  async (host) => {
    const { token } = await makeToken({ uses: 9 });
    expect((await ask(token, host)).status).toBe(400);
    expect(issued).toEqual([]);
  },
);

test('a revoked node gets no credential any more, at once, and the broker is told', async () => {
  const { token } = await makeToken();
  await ask(token);
  await addNode(front.bus, 'n1');
  await front.ask('PUT', '/ca/admin/nodes/n1', { state: 'revoked' }, OPERATOR);
  expect([(await renew('n1', KEY)).status, revoked]).toEqual([403, ['n1']]);
  expect(front.config.members.isOnline(nodeKey('n1'))).toBe(false);
  front.clock.pass(61);
  await front.ask('DELETE', '/ca/admin/nodes/n1', undefined, OPERATOR);
  expect((await renew('n1', KEY)).status).toBe(401);
});

test('guessing is slowed down by address, and right ones of the same address pass', async () => {
  const { token } = await makeToken({ uses: 2 });
  const wrong = [];
  for (let i = 0; i < 14; i++) wrong.push((await ask(`${'0'.repeat(12)}.${'1'.repeat(64)}`)).status);
  expect(wrong.slice(0, 10)).toEqual(Array(10).fill(401));
  expect(wrong.slice(10)).toEqual(Array(4).fill(429));
  expect((await renew('n1', KEY)).status).toBe(429);
  expect((await ask('x', 'n1', KEY, '10.0.0.2')).status).toBe(401);
  expect((await ask(token)).status).toBe(201);
});

test('operators alone make and see tokens', async () => {
  for (const [method, path] of [
    ['GET', '/ca/admin/join-tokens'],
    ['POST', '/ca/admin/join-tokens'],
    ['DELETE', '/ca/admin/join-tokens/000000000000'],
    ['GET', '/ca/admin/signing-key'],
    ['GET', '/ca/admin/nodes'],
    ['PUT', '/ca/admin/nodes/n1'],
  ] as const)
    expect((await front.ask(method, path)).status).toBe(401);
  // What opens without an operator's token opens nothing else.
  expect((await front.ask('GET', '/ca/join')).status).toBe(405);
  expect((await front.ask('POST', '/ca/join/')).status).not.toBe(201);
  expect((await front.ask('POST', '/ca/customers/acme/join', {})).status).toBe(401);
});

test.each([
  { hosts: [] },
  { uses: 0 },
  { uses: 1e9 },
  { expires: 1 },
  { expires: 1e9 },
  { hosts: ['x'.repeat(300)] },
  { more: true },
])('a token with %j is not made', async (body) => {
  expect((await front.ask('POST', '/ca/admin/join-tokens', body, OPERATOR)).status).toBe(400);
});

test('where nodes get no credentials nobody joins, and the operator is told which setting is missing', async () => {
  const plain = await testFront();
  const { status, text } = await plain.ask('POST', '/ca/admin/join-tokens', {});
  expect([status, text]).toEqual([409, expect.stringContaining('CA_NODE_CREDENTIALS')]);
  expect((await plain.ask('GET', '/ca/authority')).status).toBe(404);
  expect((await plain.ask('GET', '/ca/admin/signing-key')).status).toBe(404);
  await plain.close();
});

test('a node whose credential cannot be ended at the broker is not forgotten, so that it can be tried again', async () => {
  const { token } = await makeToken();
  await ask(token);
  unreachable = true;
  expect((await front.ask('DELETE', '/ca/admin/nodes/n1', undefined, OPERATOR)).status).toBe(503);
  expect((await renew('n1', KEY)).status).toBe(200);
  // Revoking holds all the same, and can be asked for again.
  expect((await front.ask('PUT', '/ca/admin/nodes/n1', { state: 'revoked' }, OPERATOR)).status).toBe(503);
  expect((await renew('n1', KEY)).status).toBe(403);
  unreachable = false;
  expect((await front.ask('PUT', '/ca/admin/nodes/n1', { state: 'revoked' }, OPERATOR)).status).toBe(200);
  expect(revoked).toEqual(['n1']);
});
