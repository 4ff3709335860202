/* No token and no instrumentation takes all places of a slow aggregator. */
import { createHash } from 'node:crypto';
import { createServer, get, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseCustomers } from '../../fleet/customers';
import { addAggregator, addNode, aggregatorKey } from '../../testing/fake-fleet';
import { testFront, testKeys, type TestFront } from '../../testing/test-front';
import { parseTokens } from '../tokens';

const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
const ACME = '/ca/customers/acme';

let front: TestFront;
let upstream: Server;
let held: Map<string, ServerResponse>;

beforeEach(async () => {
  held = new Map();
  upstream = createServer((req, res) => {
    res.setHeader('x-ca-aggregator', testKeys({ key: aggregatorKey('a0') }).proof);
    res.setHeader('content-type', 'application/json');
    if (req.url === '/healthz') res.end();
    else held.set(req.url ?? '', res);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  front = await testFront({
    tokens: parseTokens(`op operator ${sha256('op')}\nacme customer:acme ${sha256('ac')}`),
    customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}'),
    limits: { connections: 12, waiting: 6 },
  });
  await addAggregator(front.bus, 'a0', (upstream.address() as AddressInfo).port);
  await addNode(front.bus, 'n1');
});
afterEach(async () => {
  await front.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function create(scope: string, token: string): Promise<string> {
  const question = { module: 'syscall', stat: 'syscalls' };
  const { json } = await front.ask('POST', `${scope}/instrumentations`, question, bearer(token));
  return (json as { uri: string }).uri;
}

/** Asked, and left waiting. */
function ask(path: string, token: string): void {
  get(front.base + path, { agent: false, headers: bearer(token) })
    .on('response', (answer) => answer.resume())
    .on('error', () => undefined);
}

test('one token’s requests, for any number of instrumentations, do not block another token', async () => {
  const questions: string[] = [];
  for (let i = 0; i < 6; i++) questions.push(await create(ACME, 'ac'));
  for (let i = 0; i < 60; i++) ask(`${questions[i % 6]}/value/raw?x=${i}`, 'ac');
  await front.bus.until(() => front.proxy.counts.refused > 0);
  expect(held.size).toBe(6);
  ask(`${questions[0]}/value/raw?of=op`, 'op');
  await front.bus.until(() => held.has(`${questions[0]}/value/raw?of=op`));
});

test('requests for one instrumentation do not block another one of the same token', async () => {
  const [flooded, other] = [await create('/ca', 'op'), await create('/ca', 'op')];
  for (let i = 0; i < 60; i++) ask(`${flooded}/value/raw?x=${i}`, 'op');
  await front.bus.until(() => front.proxy.counts.refused > 0);
  expect(held.size).toBe(4);
  ask(`${other}/value/raw`, 'op');
  await front.bus.until(() => held.has(`${other}/value/raw`));
});
