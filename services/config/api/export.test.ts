import { parseCustomers } from '../fleet/customers';
import { addAggregator, addNode } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

let front: TestFront;
beforeEach(async () => {
  front = await testFront({ customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}') });
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
});
afterEach(() => front.close());

const HEAT = { module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] };
const ask = (body: object, base = '/ca'): ReturnType<TestFront['ask']> =>
  front.ask('POST', `${base}/instrumentations`, body);

test('exports are stored, shown, sent to the aggregator, and can be changed', async () => {
  const made = await ask({ ...HEAT, export: { prometheus: { from: 1e3, to: 1e9, keys: 5 } } });
  expect(made).toMatchObject({
    status: 201,
    json: { export: { prometheus: { from: 1e3, to: 1e9, keys: 5 } } },
  });
  const told = (): unknown =>
    front.bus.calls.filter(({ type }) => type === 'enable_aggregation').at(-1)?.body['instrumentation'];
  await front.bus.until(() => told() !== undefined);
  expect(told()).toMatchObject({ export: { prometheus: { keys: 5 } } });
  const changed = await front.ask('PUT', '/ca/instrumentations/1', { export: { push: {} } });
  expect(changed).toMatchObject({ status: 200, json: { export: { push: {} } } });
  const off = await front.ask('PUT', '/ca/instrumentations/1', { export: {} });
  expect(off.json as object).not.toHaveProperty('export');
});

test.each([
  [{ prometheus: { from: 5 } }, 'power of ten'],
  [{ prometheus: { from: 1e6, to: 1e3 } }, '"to" above'],
  [{ prometheus: { keys: 101 } }, 'export.prometheus.keys'],
  [{ prometheus: { steps: 7 } }, 'export.prometheus.steps'],
  [{ push: { url: 'http://evil' } }, 'url'],
  [{ elsewhere: {} }, 'elsewhere'],
])('%j is refused, and the reason says %s', async (ways, reason) => {
  const { status, text } = await ask({ ...HEAT, export: ways });
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ error: { message: expect.stringContaining(reason) as string } });
});

test('customers cannot add series to the operator’s metrics', async () => {
  const { status, text } = await ask({ ...HEAT, export: { prometheus: {} } }, '/ca/customers/acme');
  expect([status, text]).toEqual([400, expect.stringContaining('for operators only')]);
});
