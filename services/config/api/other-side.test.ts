import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addAggregator, addNode, aggregatorKey } from '../testing/fake-fleet';
import { testFront, testKeys, type TestFront } from '../testing/test-front';

interface Got {
  readonly aggregator: string;
  readonly method: string;
  readonly url: string;
  readonly json: unknown;
}

let front: TestFront;
let upstreams: Server[];
let got: Got[];
/** What an aggregator answers when it is asked for columns. */
let columns: { status: number; json: unknown };
let random = 0;

async function upstream(name: string): Promise<Server> {
  const server = createServer((req: IncomingMessage, res) => {
    const pieces: Buffer[] = [];
    req.on('data', (piece: Buffer) => pieces.push(piece));
    req.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const { method = '', url = '' } = req;
      res.setHeader('x-ca-aggregator', testKeys({ key: aggregatorKey(name) }).proof);
      res.setHeader('content-type', 'application/json');
      if (url !== '/healthz')
        got.push({ aggregator: name, method, url, json: text === '' ? undefined : JSON.parse(text) });
      const forColumns = url.endsWith('/columns');
      res.statusCode = forColumns ? columns.status : 200;
      res.end(forColumns ? JSON.stringify(columns.json) : '{"image":"made"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await addAggregator(front.bus, name, (server.address() as AddressInfo).port);
  return server;
}

beforeEach(async () => {
  got = [];
  columns = { status: 200, json: { type: 'time', columns: [] } };
  front = await testFront({ random: () => random });
  upstreams = [await upstream('a0'), await upstream('a1')];
  await addNode(front.bus, 'n1');
  const question = { module: 'syscall', stat: 'syscalls', decomposition: ['latency'] };
  for (random of [0, 0.9, 0]) await front.ask('POST', '/ca/instrumentations', question);
});
afterEach(async () => {
  await front.close();
  for (const server of upstreams) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const IMAGE = '/ca/instrumentations/1/value/heatmap/image?start_time=100&duration=60&selected=a,b';

test('columns of another aggregator are sent to the one that paints', async () => {
  const { status } = await front.ask('GET', `${IMAGE}&versus_id=2`);
  expect(status).toBe(200);
  const [asked, painted] = got;
  expect(got).toHaveLength(2);
  expect(asked).toEqual({
    aggregator: 'a1',
    method: 'POST',
    url: '/ca/instrumentations/2/value/heatmap/columns',
    json: { column_seconds: 1, start_time: '100', duration: '60', selected: 'a,b' },
  });
  expect(painted).toEqual({
    aggregator: 'a0',
    method: 'GET',
    url: `${IMAGE}&versus_id=2`,
    json: { versus_columns: columns.json },
  });
});

test.each([
  ['the same aggregator has both', `${IMAGE}&versus_id=3`],
  ['another time is compared', `${IMAGE}&versus_seconds=60`],
  ['it is no number of an instrumentation', `${IMAGE}&versus_id=x`],
  ['it is not a picture', IMAGE.replace('image', 'details') + '&versus_id=2'],
])('no columns are fetched where %s', async (_, path) => {
  await front.ask('GET', path);
  expect(got).toMatchObject([{ aggregator: 'a0', method: 'GET', json: undefined }]);
});

test('a missing instrumentation, and a refusal of the other aggregator, are answered unchanged', async () => {
  expect((await front.ask('GET', `${IMAGE}&versus_id=77`)).status).toBe(404);
  const error = { code: 'INVALID', message: 'column_seconds must be a multiple', field: 'column_seconds' };
  columns = { status: 400, json: { error } };
  const refused = await front.ask('GET', `${IMAGE}&versus_id=2`);
  expect([refused.status, refused.json]).toEqual([400, { error }]);
});
