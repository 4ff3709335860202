/* Prometheus' API at the front door, with two aggregators behind it that are real, in one process. */
import { createHash } from 'node:crypto';
import { parseCustomers } from '../../services/config/fleet/customers';
import { parseTokens } from '../../services/config/door/tokens';
import { startFilledFleet } from '../testing/filled-fleet';
import { startSmallFleet, type SmallFleet } from '../testing/small-fleet';

const NAME = 'ca_syscall_syscalls_latency_seconds';
const API = '/prometheus/api/v1';

let fleet: SmallFleet;
let end: number;
beforeAll(async () => {
  ({ fleet, end } = await startFilledFleet());
});
afterAll(() => fleet.close());

interface Envelope {
  readonly status: string;
  readonly error?: string;
  readonly errorType?: string;
  readonly warnings?: readonly string[];
  readonly data: unknown;
}
interface Matrix {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
    readonly histograms?: readonly (readonly [number, { count: string; buckets: readonly unknown[] }])[];
  }[];
}

async function get(
  path: string,
  parameters: Readonly<Record<string, string | readonly string[]>> = {},
  base = API,
): Promise<{ status: number; body: Envelope }> {
  const query = new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    ),
  );
  const response = await fetch(`${fleet.base}${base}${path}?${query.toString()}`);
  return { status: response.status, body: (await response.json()) as Envelope };
}

async function range(
  query: string,
  change: Readonly<Record<string, string>> = {},
  base = API,
): Promise<Matrix> {
  const { status, body } = await get(
    '/query_range',
    { query, start: String(end - 60), end: String(end), step: '1', ...change },
    base,
  );
  if (status !== 200) throw new Error(body.error);
  return body.data as Matrix;
}

test('what Grafana asks first is answered', async () => {
  expect((await get('/query', { query: '1+1', time: '4' })).body).toEqual({
    status: 'success',
    data: { resultType: 'scalar', result: [4, '2'] },
  });
  expect((await get('/status/buildinfo')).body).toMatchObject({
    status: 'success',
    data: { version: expect.any(String) as string },
  });
  expect((await get('/rules')).body.data).toEqual({ groups: [] });
  expect((await get('/query_exemplars', { query: 'x' })).body.data).toEqual([]);
});

test('a form may ask what a query string may', async () => {
  const form = new URLSearchParams({
    query: `sum(${NAME}{customer=""})`,
    start: String(end - 9),
    end: String(end),
    step: '1s',
  });
  const response = await fetch(`${fleet.base}${API}/query_range`, { method: 'POST', body: form });
  const { data } = (await response.json()) as { data: Matrix };
  expect(response.status).toBe(200);
  expect(data.result[0]?.histograms).toHaveLength(10);
});

test('labels, their values, series and metadata are those of what runs', async () => {
  expect((await get('/labels')).body.data).toEqual(['__name__', 'customer', 'execname', 'id', 'predicate']);
  expect((await get('/label/__name__/values')).body.data).toEqual(['ca_syscall_syscalls', NAME]);
  expect((await get('/label/execname/values', { 'match[]': '{id="4"}' })).body.data).toEqual([
    'mysqld',
    'node',
  ]);
  expect((await get('/label/predicate/values')).body.data).toEqual(['execname == "a\\"b"']);
  expect(
    (await get('/series', { 'match[]': [`${NAME}{customer="acme",execname="cron"}`, '{id="2"}'] })).body.data,
  ).toEqual(
    expect.arrayContaining([
      { __name__: NAME, customer: 'acme', id: '1', execname: 'cron' },
      { __name__: 'ca_syscall_syscalls', id: '2', predicate: 'execname == "a\\"b"' },
    ]),
  );
  expect((await get('/metadata', { metric: NAME })).body.data).toEqual({
    [NAME]: [
      {
        type: 'histogram',
        unit: 'seconds',
        help: expect.stringContaining('syscall.syscalls by latency') as string,
      },
    ],
  });
});

test('a sum over several aggregators is the sum of what each has', async () => {
  const count = async (query: string): Promise<string | undefined> =>
    (await range(`histogram_count(sum(sum_over_time(${query}[1m])))`)).result[0]?.values?.at(-1)?.[1];
  const [all, one, three, acme] = [
    await count(NAME),
    await count(`${NAME}{id="1",customer=""}`),
    await count(`${NAME}{id="3"}`),
    await count(`${NAME}{customer="acme"}`),
  ];
  expect(Number(all)).toBeGreaterThan(0);
  expect(Number(all)).toBe(Number(one) + Number(three) + Number(acme));
  expect(
    fleet.aggregators.every(
      (one) => one.get('cust:acme;1') === undefined || one.get('global;1') === undefined,
    ),
  ).toBe(true);
});

test('each histogram has what the value API has, second by second', async () => {
  const [series] = (await range(`sum(${NAME}{id="3"})`)).result;
  const { json } = await fleet.ask(
    'GET',
    `/ca/instrumentations/3/value/raw?start_time=${end - 61}&duration=1&ndatapoints=60`,
  );
  const raw = (json as { start_time: number; value: [[number, number], number][] }[]).map(({ value }) =>
    value.map(([[, high], count]) => [high, count]),
  );
  const ours = series?.histograms
    ?.slice(0, 60)
    .map(([, { buckets }]) =>
      (buckets as [number, string, string, string][]).map(([, , right, count]) => [
        Math.round(Number(right) * 1e9),
        Number(count),
      ]),
    );
  expect(ours).toEqual(raw);
});

test('customers see their own, under their own scope', async () => {
  const base = '/ca/customers/acme/prometheus/api/v1';
  const { result } = await range(`sum by (customer, id) (${NAME})`, {}, base);
  expect(result.map(({ metric }) => metric)).toEqual([{ customer: 'acme', id: '1' }]);
  expect((await get('/label/id/values', {}, base)).body.data).toEqual(['1']);
  expect((await get('/label/id/values', {}, '/ca/customers/ze%2Fbra/prometheus/api/v1')).status).toBe(404);
});

test('an aggregator that is away is missing with a warning, not an error', async () => {
  const ask = fleet.proxy.ask.bind(fleet.proxy);
  const [, second] = fleet.config.members.aggregators;
  const spy = jest
    .spyOn(fleet.proxy, 'ask')
    .mockImplementation((to, ...rest) =>
      to.httpPort === second?.httpPort ? Promise.reject(new Error('cut')) : ask(to, ...rest),
    );
  const queried = await get('/query_range', {
    query: `sum(${NAME})`,
    start: String(end - 5),
    end: String(end),
    step: '1',
  });
  const listed = await get('/series', { 'match[]': NAME });
  spy.mockRestore();
  for (const { status, body } of [queried, listed]) {
    expect(status).toBe(200);
    expect(body.warnings).toEqual([expect.stringContaining('cut')]);
  }
  expect(listed.body.data).not.toEqual([]);
});

test('a list that is cut short says so', async () => {
  const { body } = await get('/labels', { limit: '2' });
  expect(body).toMatchObject({
    data: ['__name__', 'customer'],
    warnings: ['results truncated due to limit'],
  });
  expect((await get('/labels', { limit: '5' })).body).not.toHaveProperty('warnings');
});

test('a customer’s token reaches what is below its scope, and neither all values nor the health of services', async () => {
  const [acme, operator] = ['a'.repeat(64), 'b'.repeat(64)];
  const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
  const guarded = await startSmallFleet(1, {
    tokens: parseTokens(`web customer:acme ${hash(acme)}\nops operator ${hash(operator)}\n`),
    customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}'),
  });
  const status = async (path: string, token: string): Promise<number> =>
    (await fetch(guarded.base + path, { headers: { authorization: `Bearer ${token}` } })).status;
  const query = 'prometheus/api/v1/query?query=1';
  expect(await status(`/ca/customers/acme/${query}`, acme)).toBe(200);
  for (const path of [`/${query}`, '/metrics', `/ca/customers/other/${query}`]) {
    expect([path, await status(path, acme)]).toEqual([path, 403]);
    expect([path, await status(path, operator)]).toEqual([path, 200]);
    expect([path, await status(path, 'c'.repeat(64))]).toEqual([path, 401]);
  }
  await guarded.close();
});

test.each([
  [{ query: 'x' }, 'start is needed'],
  [{ query: 'x', start: '1', end: '0', step: '1' }, 'end must not be before start'],
  [{ query: 'x', start: '0', end: '1e9', step: '1' }, 'more than 11000 points'],
  [{ query: 'x', start: '0', end: '1', step: '0' }, 'step must be a positive span'],
  [{ query: 'x', start: 'soon', end: '1', step: '1' }, 'start must be seconds since 1970'],
  [{ query: 'x or y', start: '0', end: '1', step: '1' }, 'the operator (or)'],
  [{ start: '0', end: '1', step: '1' }, 'query is needed'],
])('%j is 400, and says why: %s', async (parameters, reason) => {
  const { status, body } = await get('/query_range', parameters);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    status: 'error',
    errorType: 'bad_data',
    error: expect.stringContaining(reason) as string,
  });
});

test('300 s of one instrumentation are 300 histograms', async () => {
  const { result } = await range(`sum(${NAME}{id="1",customer=""})`, { start: String(end - 299) });
  expect(result[0]?.histograms).toHaveLength(300);
});
