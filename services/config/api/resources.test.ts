import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { addAggregator, addNode, METADATA } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

let front: TestFront;
beforeEach(async () => {
  front = await testFront();
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
});
afterEach(() => front.close());

const LIST = '/ca/instrumentations';
const QUESTION = { module: 'syscall', stat: 'syscalls' };

const sent = async (type: string, body: string, path = LIST): Promise<[number, Record<string, unknown>]> => {
  const res = await fetch(front.base + path, { method: 'POST', headers: { 'content-type': type }, body });
  return [res.status, (await res.json()) as Record<string, unknown>];
};

test('the catalogue holds what nodes offer and nothing else', async () => {
  const { json } = await front.ask('GET', '/ca');
  expect(json).toMatchObject({
    modules: { syscall: { label: 'System calls' }, cpu: { label: 'CPU' } },
    fields: { latency: { label: 'latency', type: 'time' } },
    types: { time: { name: 'time', arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9 } },
    metrics: [
      {
        module: 'syscall',
        stat: 'syscalls',
        label: 'system calls',
        unit: 'syscalls',
        interval: 'interval',
        fields: ['hostname', 'zonename', 'execname', 'latency'],
      },
      { module: 'cpu', stat: 'cpus', interval: 'point' },
    ],
    transformations: {},
  });
  expect(json).not.toHaveProperty('modules.disk');
  expect(json).not.toHaveProperty('fields.size');
});

test('without nodes the catalogue is empty', async () => {
  const empty = await testFront();
  const { json } = await empty.ask('GET', '/ca/');
  expect(json).toMatchObject({ modules: {}, fields: {}, metrics: [] });
  await empty.close();
});

test('customers never see hostname, and only their metrics', async () => {
  const { json } = await front.ask('GET', '/ca?profile=customer');
  expect(json).toMatchObject({
    metrics: [{ stat: 'syscalls', fields: ['zonename', 'execname', 'latency'] }],
  });
  expect(json).not.toHaveProperty('fields.hostname');
  expect((await front.ask('GET', '/ca?profile=none')).json).toHaveProperty('metrics.1');
});

test('a created instrumentation has all properties, with the defaults', async () => {
  const { status, headers, json } = await front.ask('POST', LIST, {
    ...QUESTION,
    decomposition: ['execname', 'latency'],
    predicate: { eq: ['execname', 'mysqld'] },
  });
  expect(status).toBe(201);
  expect(headers.get('location')).toBe('/ca/instrumentations/1');
  expect(json).toEqual({
    module: 'syscall',
    stat: 'syscalls',
    predicate: { eq: ['execname', 'mysqld'] },
    decomposition: ['execname', 'latency'],
    'value-dimension': 3,
    'value-arity': 'numeric-decomposition',
    'value-scope': 'interval',
    enabled: true,
    'retention-time': 600,
    'idle-max': 3600,
    'idle-left': 3600,
    replicas: 1,
    aggregators: ['a0'],
    granularity: 1,
    'persist-data': false,
    transformations: {},
    promql: 'sum(ca_syscall_syscalls_latency_seconds{id="1"})',
    nsources: 0,
    crtime: front.clock.now(),
    id: '1',
    uri: '/ca/instrumentations/1',
    uris: [
      { uri: '/ca/instrumentations/1/value/heatmap/image', name: 'value_heatmap' },
      { uri: '/ca/instrumentations/1/value/heatmap/details', name: 'details_heatmap' },
      { uri: '/ca/instrumentations/1/value/raw', name: 'value_raw' },
    ],
    state: { enabling: 1, enabled: 0, failed: 0, stopped: 0, unsupported: 0 },
    nodes: [{ node: 'n1', state: 'enabling' }],
  });
});

test('a filter by a field that is resolved after counting is refused, and the error names the field', async () => {
  const unfiltered = ['execname'];
  const offers = [{ metric: 'syscall.syscalls', source: 'bpf', fields: ['execname'], unfiltered }];
  await addNode(front.bus, 'n1', undefined, { offers });
  expect((await front.ask('POST', LIST, { ...QUESTION, decomposition: ['execname'] })).status).toBe(201);
  const { status, json } = await front.ask('POST', LIST, {
    ...QUESTION,
    predicate: { eq: ['execname', 'node'] },
  });
  expect(status).toBe(400);
  expect(json).toMatchObject({ error: { code: 'INVALID', field: 'predicate' } });
  expect(JSON.stringify(json)).toContain(
    'names execname, which syscall.syscalls can be broken down by, and not filtered by',
  );
});

test('form, query and JSON are equivalent', async () => {
  const rest = 'module=syscall&stat=syscalls&granularity=10&persist-data=true';
  const form = `${rest}&decomposition=execname,latency`;
  const predicate = '{"gt":["latency",100]}';
  const answers = [
    await sent(
      'application/x-www-form-urlencoded',
      `${rest}&decomposition=["execname","latency"]&predicate=${encodeURIComponent(predicate)}`,
    ),
    await sent('application/x-www-form-urlencoded', `${form}&predicate=${encodeURIComponent(predicate)}`),
    await sent('application/json', '', `${LIST}?${form}&predicate=${encodeURIComponent(predicate)}`),
    await sent(
      'application/json',
      JSON.stringify({
        ...QUESTION,
        decomposition: ['execname', 'latency'],
        granularity: '10',
        'persist-data': 'true',
        predicate,
      }),
    ),
  ];
  const wanted = { granularity: 10, 'persist-data': true, predicate: JSON.parse(predicate) as object };
  for (const [status, json] of answers) {
    expect(status).toBe(201);
    expect(json).toMatchObject({ ...wanted, decomposition: ['execname', 'latency'] });
  }
});

test('a list may be given as the parameter several times; anything else only once', async () => {
  const form = 'module=syscall&stat=syscalls';
  const type = 'application/x-www-form-urlencoded';
  const [status, json] = await sent(type, `${form}&decomposition=latency&decomposition=execname`);
  expect([status, json]).toMatchObject([201, { decomposition: ['latency', 'execname'] }]);
  const twice = await sent(type, `${form}&granularity=5&granularity=10`);
  expect(twice).toMatchObject([400, { error: { field: 'granularity' } }]);
  // What the body says takes the place of what the query says.
  const both = await sent(type, `${form}&decomposition=execname`, `${LIST}?decomposition=latency`);
  expect(both).toMatchObject([201, { decomposition: ['execname'] }]);
});

test.each([
  ['{}', 'module'],
  ['{"module":"syscall"}', 'stat'],
  ['{"module":"nothing","stat":"x"}', 'module'],
  ['{"module":"syscall","stat":"nothing"}', 'stat'],
  ['{"module":"disk","stat":"physio_bytes"}', 'module'],
  ['{"module":5,"stat":"x"}', 'module'],
  ['{"module":"sys call","stat":"x"}', 'module'],
  ['{"module":"__proto__","stat":"constructor"}', 'module'],
  ['[]', 'body'],
  ['null', 'body'],
  ['"x"', 'body'],
  ['{"module":"syscall","stat":"syscalls","decompostion":[]}', 'decompostion'],
])('%s is refused, naming %s', async (body, field) => {
  const [status, json] = await sent('application/json', body);
  expect([status, json]).toMatchObject([400, { error: { code: 'INVALID', field } }]);
});

test.each([
  [{ decomposition: ['nothing'] }, 'decomposition'],
  [{ decomposition: ['size'] }, 'decomposition'], // described, but offered by no source
  [{ decomposition: ['execname', 'hostname'] }, 'decomposition'],
  [{ decomposition: ['latency', 'latency'] }, 'decomposition'],
  [{ decomposition: ['execname', 'latency', 'hostname'] }, 'decomposition'],
  [{ decomposition: [1] }, 'decomposition.0'],
  [{ decomposition: { a: 1 } }, 'decomposition'],
  [{ predicate: [] }, 'predicate'],
  [{ predicate: 'x' }, 'predicate'],
  [{ predicate: { lt: ['execname', 'a'] } }, 'predicate.lt'],
  [{ predicate: { and: [{}, { eq: ['latency', 'a'] }] } }, 'predicate.and[1].eq'],
  [{ granularity: 0 }, 'granularity'],
  [{ granularity: 7 }, 'granularity'],
  [{ granularity: 86_405 }, 'granularity'],
  [{ granularity: 10.5 }, 'granularity'],
  [{ granularity: '5abc' }, 'granularity'],
  [{ granularity: '10.5' }, 'granularity'],
  [{ 'retention-time': 9 }, 'retention-time'],
  [{ 'retention-time': 3601 }, 'retention-time'],
  [{ 'retention-time': 36_001, granularity: 10 }, 'retention-time'],
  [{ 'retention-time': -0.5 }, 'retention-time'],
  [{ 'idle-max': -1 }, 'idle-max'],
  [{ 'idle-max': 604_801 }, 'idle-max'],
  [{ 'persist-data': 1 }, 'persist-data'],
  [{ 'persist-data': 'yes' }, 'persist-data'],
  [{ enabled: 'maybe' }, 'enabled'],
])('%j is refused, naming %s, and nothing is made', async (extra, field) => {
  const { status, json } = await front.ask('POST', LIST, { ...QUESTION, ...extra });
  expect([status, json]).toMatchObject([400, { error: { code: 'INVALID', field } }]);
  expect((await front.ask('GET', LIST)).json).toEqual([]);
});

test('limits apply to changes as to creation', async () => {
  await front.ask('POST', LIST, QUESTION);
  const put = (body: unknown): ReturnType<TestFront['ask']> => front.ask('PUT', `${LIST}/1`, body);
  expect((await put({ 'retention-time': 3601 })).status).toBe(400);
  expect((await put({ 'retention-time': 3600, 'idle-max': 0, 'persist-data': true })).json).toMatchObject({
    'retention-time': 3600,
    'idle-max': 0,
    'persist-data': true,
  });
  // Whole objects may be sent back: immutable properties are ignored.
  const { json } = await front.ask('GET', `${LIST}/1`);
  expect((await put({ ...(json as object), granularity: 60, 'idle-max': 7 })).json).toMatchObject({
    granularity: 1,
    'idle-max': 7,
  });
});

test('changes of different properties at the same moment all hold', async () => {
  await front.ask('POST', LIST, QUESTION);
  const changes = { 'retention-time': 60, 'idle-max': 7, 'persist-data': true, enabled: false };
  const answers = await Promise.all(
    Object.entries(changes).map(([name, value]) => front.ask('PUT', `${LIST}/1`, { [name]: value })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await front.ask('GET', `${LIST}/1`)).json).toMatchObject(changes);
});

test('a clone has the properties of its original, but for those given', async () => {
  await front.ask('POST', LIST, { ...QUESTION, decomposition: ['execname'], granularity: 60, 'idle-max': 9 });
  front.clock.time += 5;
  const { status, json, headers } = await front.ask('POST', `${LIST}/1/clone`, { 'idle-max': 10 });
  expect([status, headers.get('location')]).toEqual([201, '/ca/instrumentations/2']);
  expect(json).toMatchObject({
    id: '2',
    decomposition: ['execname'],
    granularity: 60,
    'idle-max': 10,
    crtime: front.clock.now(),
  });
  expect(
    (await front.ask('POST', `${LIST}/1/clone`, { granularity: 1, 'retention-time': 3601 })).status,
  ).toBe(400);
});

test('instrumentations are listed, fetched and deleted; ids are what they are', async () => {
  await front.ask('POST', LIST, QUESTION);
  await front.ask('POST', LIST, QUESTION);
  expect((await front.ask('GET', LIST)).json).toMatchObject([{ id: '1' }, { id: '2' }]);
  expect((await front.ask('DELETE', `${LIST}/1`)).status).toBe(204);
  expect((await front.ask('DELETE', `${LIST}/1`)).status).toBe(404);
  expect((await front.ask('GET', LIST)).json).toMatchObject([{ id: '2' }]);
  for (const id of [
    '1',
    '02',
    '2.0',
    '2e0',
    '-2',
    'global;2',
    '%00',
    '..%2f2',
    '__proto__',
    '99999999999999999999',
  ]) {
    expect([id, (await front.ask('GET', `${LIST}/${id}`)).status]).toEqual([id, 404]);
  }
});

test('without an aggregator, creation is refused with a time to retry, and nothing is created', async () => {
  await front.bus.say('ca.aggregator.a0', 'offline', {});
  const { status, headers, json } = await front.ask('POST', LIST, QUESTION);
  expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  expect(json).toMatchObject({ error: { code: 'NO_RESOURCE' } });
  expect((await front.ask('GET', LIST)).json).toEqual([]);
  await addAggregator(front.bus, 'a0');
  expect((await front.ask('POST', LIST, QUESTION)).json).toMatchObject({ id: '1' });
});

test('while the disk fails, changes are refused with a time to retry; afterwards they succeed', async () => {
  await front.ask('POST', LIST, QUESTION);
  const state = join(front.folder, 'config');
  await rename(state, `${state}-away`);
  for (const [method, path, body] of [
    ['POST', LIST, QUESTION],
    ['PUT', `${LIST}/1`, { 'idle-max': 7 }],
    ['DELETE', `${LIST}/1`, undefined],
  ] as const) {
    const { status, headers } = await front.ask(method, path, body);
    expect([method, status, headers.get('retry-after')]).toEqual([method, 503, '10']);
  }
  await rename(`${state}-away`, state);
  expect((await front.ask('GET', LIST)).json).toMatchObject([{ id: '1', 'idle-max': 3600 }]);
  expect((await front.ask('POST', LIST, QUESTION)).status).toBe(201);
});

test('customers without nodes or zones cannot create instrumentations', async () => {
  const { status, json } = await front.ask('POST', '/ca/customers/acme/instrumentations', QUESTION);
  expect([status, json]).toMatchObject([403, { error: { code: 'FORBIDDEN' } }]);
  expect((await front.ask('GET', '/ca/customers/acme/instrumentations')).json).toEqual([]);
  for (const id of ['a;b', '..x', '%00', 'a%2Fb', '-x']) {
    expect((await front.ask('GET', `/ca/customers/${id}/instrumentations`)).status).toBe(404);
  }
});

test('instrumentations without reads are deleted after idle-max, others stay, 0 means never', async () => {
  await front.ask('POST', LIST, { ...QUESTION, 'idle-max': 10 });
  await front.ask('POST', LIST, { ...QUESTION, 'idle-max': 10 });
  await front.ask('POST', LIST, { ...QUESTION, 'idle-max': 0 });
  front.bus.connected = false; // so that no member is dropped meanwhile
  front.clock.pass(10);
  await front.ask('GET', `${LIST}/2`);
  await front.ask('GET', LIST);
  front.clock.pass(1);
  await front.store.flushed();
  expect((await front.ask('GET', LIST)).json).toMatchObject([{ id: '2' }, { id: '3' }]);
});

test('health is one thing, readiness another', async () => {
  expect((await front.ask('GET', '/readyz')).status).toBe(200);
  front.bus.connected = false;
  expect((await front.ask('GET', '/healthz')).status).toBe(200);
  expect((await front.ask('GET', '/readyz')).status).toBe(503);
  front.bus.connected = true;
  // Values that cannot be read, because their aggregator has left and there is no other.
  await front.ask('POST', '/ca/instrumentations', QUESTION);
  expect((await front.ask('GET', '/readyz')).status).toBe(200);
  await front.bus.say('ca.aggregator.a0', 'offline', {});
  expect(await front.ask('GET', '/readyz')).toMatchObject({
    status: 503,
    json: { error: { message: '1 instrumentations wait for their aggregator' } },
  });
});

test('status tells of members, instrumentations and conflicts', async () => {
  await addNode(front.bus, 'odd', undefined, {
    metadata: {
      modules: { syscall: { label: 'System calls' } },
      fields: { execname: { label: 'x', type: 'size' } },
      metrics: [
        {
          module: 'syscall',
          stat: 'syscalls',
          label: 'system calls',
          unit: 'syscalls',
          interval: 'interval',
          fields: ['execname'],
        },
      ],
    },
  });
  await front.ask('POST', LIST, QUESTION);
  const { json } = await front.ask('GET', '/ca/admin/status');
  expect(json).toMatchObject({
    service: 'config',
    aggregators: [{ instance: 'a0', httpPort: 1, instrumentations: 1 }],
    instrumenters: [{ host: 'n1', metrics: 2, sources: ['bpf', 'synthetic', 'proc'] }, { host: 'odd' }],
    instrumentations: [{ fqid: 'global;1', metric: 'syscall.syscalls', predicate: 'true', aggregator: 'a0' }],
    conflicts: [{ node: 'odd', problems: ['field execname is size there and string here'] }],
  });
});

test('the catalogue is searched by synonyms, too; metrics that no node can observe are found with the reason', async () => {
  const { metrics, ...rest } = METADATA;
  const [syscalls, ...others] = metrics;
  const metadata = {
    ...rest,
    metrics: [{ ...syscalls!, question: 'What is slow?', synonyms: ['strace', 'futex'] }, ...others],
    unavailable: [
      {
        ...syscalls!,
        module: 'fs',
        stat: 'syncs',
        label: 'synchronizations',
        synonyms: ['fsync'],
        reason: 'bpf: needs root',
      },
    ],
  };
  const other = await testFront();
  await addNode(other.bus, 'n1', undefined, { metadata });
  const found = async (search: string, more = ''): Promise<unknown> => {
    const { json } = await other.ask('GET', `/ca?search=${search}${more}`);
    const { metrics, unavailable } = json as Record<string, { stat: string }[]>;
    return [metrics, unavailable].map((list) => list?.map(({ stat }) => stat));
  };
  expect(await found('futex')).toEqual([['syscalls'], []]);
  expect(await found('slow')).toEqual([['syscalls'], []]);
  expect(await found('fsync')).toEqual([[], ['syncs']]);
  expect(await found('fsync', '&profile=customer')).toEqual([[], []]);
  expect((await other.ask('GET', '/ca?search=fsync')).json).toMatchObject({
    unavailable: [{ module: 'fs', stat: 'syncs', reasons: [{ reason: 'bpf: needs root', nodes: 1 }] }],
  });
  await other.close();
});

test('the idle time left is shown, and reset by a read; it is absent without idle-max', async () => {
  await front.ask('POST', LIST, { ...QUESTION, 'idle-max': 100 });
  await front.ask('POST', LIST, { ...QUESTION, decomposition: ['execname'], 'idle-max': 0 });
  const left = async (): Promise<unknown> => {
    const { json } = await front.ask('GET', LIST);
    return (json as Record<string, unknown>[]).map((i) => i['idle-left']);
  };
  front.clock.time += 40_000;
  // Listing is not a read.
  expect(await left()).toEqual([60, undefined]);
  await front.ask('GET', `${LIST}/1/value/raw`);
  expect(await left()).toEqual([100, undefined]);
});

test('examples in the documentation use the address of the reader’s connection', async () => {
  const { text } = await front.ask('GET', '/ca/docs');
  expect(text).toContain(`'${front.base}/ca/instrumentations/1/value/raw'`);
  expect(text).not.toContain('23181');
});
