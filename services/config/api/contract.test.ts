/*
 * The contract of the original's documentation, one case for each row of its tables of resources and properties.
 * Rows about values are in the aggregator's tests and in those of the whole stack.
 */
import { parseCustomers } from '../fleet/customers';
import { addAggregator, addNode } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';
import { MEMBERS_ASKED } from './members-status';

const Q = { module: 'syscall', stat: 'syscalls' };
const SCOPES = ['/ca', '/ca/customers/acme'];

let front: TestFront;
beforeEach(async () => {
  front = await testFront({ customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}') });
  await addAggregator(front.bus, 'a0');
  await front.bus.say('ca.aggregator.a0', 'aggregator_online', {
    instance: 'a0',
    httpHost: '127.0.0.1',
    httpPort: 1,
    transformations: { reversedns: { label: 'reverse DNS', fields: ['execname'] } },
  });
  await addNode(front.bus, 'n1');
});
afterEach(() => front.close());

const ask = (...args: Parameters<TestFront['ask']>): ReturnType<TestFront['ask']> => front.ask(...args);
const TRANSFORMATIONS = { reversedns: { label: 'reverse DNS', fields: ['execname'] } };

describe.each(SCOPES)('resources of %s', (scope) => {
  const list = `${scope}/instrumentations`;

  test('GET scope: the catalogue', async () => {
    const { status, json } = await ask('GET', `${scope}/`);
    expect(status).toBe(200);
    expect(Object.keys(json as object)).toEqual([
      ...['modules', 'fields', 'types', 'metrics', 'unavailable', 'transformations'],
    ]);
    expect(json).toMatchObject({ transformations: TRANSFORMATIONS });
  });

  test('GET metrics: modules, stats, fields with the types of old', async () => {
    const { json } = await ask('GET', `${scope}/metrics`);
    expect(json).toMatchObject({
      syscall: {
        label: 'System calls',
        stats: {
          syscalls: {
            label: 'system calls',
            type: 'unused',
            fields: {
              execname: { label: 'application name', type: 'string' },
              latency: { label: 'latency', type: 'latency' },
            },
          },
        },
      },
    });
  });

  test('GET types', async () => {
    expect((await ask('GET', `${scope}/types`)).json).toEqual({
      latency: 'numeric',
      string: 'discrete',
      number: 'numeric',
    });
  });

  test('GET transformations', async () => {
    expect((await ask('GET', `${scope}/transformations`)).json).toEqual(TRANSFORMATIONS);
  });

  test('GET instrumentations: those of the scope', async () => {
    for (const each of SCOPES) await ask('POST', `${each}/instrumentations`, Q);
    expect((await ask('GET', list)).json).toMatchObject([{ uri: `${list}/1` }]);
  });

  test('POST instrumentations: 201, Location, the object', async () => {
    const { status, headers, json } = await ask('POST', list, Q);
    expect([status, headers.get('location'), json]).toMatchObject([201, `${list}/1`, { uri: `${list}/1` }]);
  });

  test('GET, PUT, DELETE of one; 404 when it is gone', async () => {
    await ask('POST', list, Q);
    expect(await ask('GET', `${list}/1`)).toMatchObject({ status: 200, json: { id: '1' } });
    expect(await ask('PUT', `${list}/1`, { 'retention-time': 60 })).toMatchObject({
      status: 200,
      json: { 'retention-time': 60 },
    });
    expect(await ask('DELETE', `${list}/1`)).toMatchObject({ status: 204, text: '' });
    for (const method of ['GET', 'PUT', 'DELETE']) expect((await ask(method, `${list}/1`)).status).toBe(404);
  });

  test('POST clone: the same scope, a new id', async () => {
    await ask('POST', list, { ...Q, decomposition: ['execname'] });
    expect(await ask('POST', `${list}/1/clone`)).toMatchObject({
      status: 201,
      json: { id: '2', uri: `${list}/2`, decomposition: ['execname'], transformations: TRANSFORMATIONS },
    });
  });

  test('values are forwarded: here to an aggregator that is not there', async () => {
    await ask('POST', list, Q);
    for (const path of ['value', 'value/raw', 'value/heatmap/image']) {
      expect((await ask('GET', `${list}/1/${path}`)).status).toBe(503);
    }
  });

  test('wrong methods are 405 and say what is possible', async () => {
    const { status, headers } = await ask('PUT', list, {});
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    expect((await ask('POST', `${list}/1`, {})).status).toBe(405);
  });
});

test('?all=true lists every scope, for operators', async () => {
  for (const scope of SCOPES) await ask('POST', `${scope}/instrumentations`, Q);
  expect((await ask('GET', '/ca/instrumentations?all=true')).json).toHaveLength(2);
  expect((await ask('GET', '/ca/customers/acme/instrumentations?all=true')).json).toHaveLength(1);
  expect((await ask('GET', '/ca/instrumentations?all=maybe')).status).toBe(400);
});

test('an unknown customer has an empty list', async () => {
  expect((await ask('GET', '/ca/customers/nobody/instrumentations')).json).toEqual([]);
});

test('docs are there, and nothing else under docs', async () => {
  const { status, text } = await ask('GET', '/ca/docs/');
  expect(status).toBe(200);
  expect(text).toContain('<td><code>coloring</code></td><td>rank, linear, log</td>');
  expect((await ask('GET', '/ca/docs/index.html')).status).toBe(200);
  expect((await ask('GET', '/ca/docs/other')).status).toBe(404);
});

test('admin/status is for operators', async () => {
  expect((await ask('GET', '/ca/admin/status')).status).toBe(200);
  expect((await ask('GET', '/ca/customers/acme/admin/status')).status).toBe(404);
});

test('admin/status?recurse=true asks each member, and marks those that do not answer', async () => {
  front.bus.members.set('ca.aggregator.a0', () => ({ service: 'aggregator' }));
  await addNode(front.bus, 'n2', () => {
    throw new Error('timed out');
  });
  const plain = (await ask('GET', '/ca/admin/status?recurse=false')).json;
  expect(plain).not.toHaveProperty('aggregators.0.status');
  expect((await ask('GET', '/ca/admin/status?recurse=true&timeout=60')).json).toMatchObject({
    service: 'config',
    aggregators: [{ instance: 'a0', status: { service: 'aggregator' } }],
    instrumenters: [
      { host: 'n1', status: {} },
      { host: 'n2', status: { error: 'timed out' } },
    ],
    unasked: 0,
  });
  for (const wrong of ['recurse=1', 'recurse=true&timeout=0', 'recurse=true&timeout=61', 'timeout=x']) {
    expect((await ask('GET', `/ca/admin/status?${wrong}`)).status).toBe(400);
  }
});

test('admin/status?recurse=true asks a bounded number of members and counts the rest', async () => {
  await Promise.all(Array.from({ length: MEMBERS_ASKED }, (_, i) => addNode(front.bus, `m${i}`)));
  front.bus.calls.length = 0;
  // One of the aggregators and one node were there before.
  expect((await ask('GET', '/ca/admin/status?recurse=true')).json).toMatchObject({ unasked: 2 });
  expect(front.bus.calls.filter(({ type }) => type === 'status')).toHaveLength(MEMBERS_ASKED);
});

test('OPTIONS is answered, unknown paths are 404', async () => {
  expect((await ask('OPTIONS', '/ca/instrumentations')).status).toBe(204);
  expect((await ask('GET', '/ca/nothing')).status).toBe(404);
  expect((await ask('GET', '/cax')).status).toBe(404);
});

describe('properties', () => {
  const create = async (more: object): Promise<unknown> =>
    (await ask('POST', '/ca/instrumentations', { ...Q, ...more })).json;
  const bad = (field: string): unknown => ({ error: { code: 'INVALID', field } });

  test.each([
    ['module', { module: 'nothing' }, bad('module')],
    ['stat', { stat: 'nothing' }, bad('stat')],
    ['predicate defaults to {}', {}, { predicate: {} }],
    [
      'predicate as an object',
      { predicate: { eq: ['execname', 'a'] } },
      { predicate: { eq: ['execname', 'a'] } },
    ],
    [
      'predicate as JSON text',
      { predicate: '{"eq":["execname","a"]}' },
      { predicate: { eq: ['execname', 'a'] } },
    ],
    ['inequality on text', { predicate: { lt: ['hostname', 'a'] } }, bad('predicate.lt')],
    [
      'nested {}',
      { predicate: { and: [{}, { gt: ['latency', 1] }] } },
      { predicate: { and: [{}, { gt: ['latency', 1] }] } },
    ],
    [
      'decomposition defaults to []',
      {},
      { decomposition: [], 'value-dimension': 1, 'value-arity': 'scalar' },
    ],
    [
      'decomposition keeps its order',
      { decomposition: ['latency', 'execname'] },
      { decomposition: ['latency', 'execname'] },
    ],
    ['decomposition as text', { decomposition: 'latency,execname' }, { 'value-dimension': 3 }],
    [
      'discrete',
      { decomposition: ['execname'] },
      { 'value-dimension': 2, 'value-arity': 'discrete-decomposition' },
    ],
    [
      'numeric',
      { decomposition: ['latency'] },
      { 'value-dimension': 2, 'value-arity': 'numeric-decomposition' },
    ],
    ['two discrete', { decomposition: ['execname', 'hostname'] }, bad('decomposition')],
    ['the same twice', { decomposition: ['execname', 'execname'] }, bad('decomposition')],
    ['granularity defaults to 1', {}, { granularity: 1 }],
    ['granularity of 5', { granularity: 5 }, { granularity: 5 }],
    ['granularity of 6', { granularity: 6 }, bad('granularity')],
    ['retention-time defaults to 600', {}, { 'retention-time': 600 }],
    ['retention-time least', { 'retention-time': 10 }, { 'retention-time': 10 }],
    ['retention-time too little', { 'retention-time': 9 }, bad('retention-time')],
    ['retention-time most', { 'retention-time': 36_000, granularity: 10 }, { 'retention-time': 36_000 }],
    ['retention-time too much', { 'retention-time': 36_001, granularity: 10 }, bad('retention-time')],
    ['idle-max defaults to 3600', {}, { 'idle-max': 3600 }],
    ['idle-max never', { 'idle-max': 0 }, { 'idle-max': 0 }],
    ['idle-max most', { 'idle-max': 604_800 }, { 'idle-max': 604_800 }],
    ['idle-max too much', { 'idle-max': 604_801 }, bad('idle-max')],
    ['persist-data defaults to false', {}, { 'persist-data': false }],
    ['persist-data as text', { 'persist-data': 'true' }, { 'persist-data': true }],
    ['persist-data as a number', { 'persist-data': 1 }, bad('persist-data')],
    ['enabled defaults to true', {}, { enabled: true }],
    ['enabled false: it starts paused', { enabled: false }, { enabled: false, state: { stopped: 1 } }],
    ['value-scope of events', {}, { 'value-scope': 'interval' }],
    ['value-scope of snapshots', { module: 'cpu', stat: 'cpus' }, { 'value-scope': 'point' }],
    ['transformations of its fields', { decomposition: ['execname'] }, { transformations: TRANSFORMATIONS }],
    ['no transformation of other fields', { decomposition: ['latency'] }, { transformations: {} }],
    ['nsources begins at 0', {}, { nsources: 0 }],
    ['crtime, id, uri', {}, { crtime: 1_700_000_000_000, id: '1', uri: '/ca/instrumentations/1' }],
    ['what the service says cannot be set', { id: '7', nsources: 9, crtime: 1 }, { id: '1', nsources: 0 }],
    ['uris of a scalar', {}, { uris: [{ name: 'value_raw' }] }],
    [
      'uris of a distribution',
      { decomposition: ['latency'] },
      { uris: [{ name: 'value_heatmap' }, { name: 'details_heatmap' }, { name: 'value_raw' }] },
    ],
  ])('%s', async (_name, more, expected) => {
    expect(await create(more)).toMatchObject(expected as object);
  });

  test('nsources becomes the number of nodes that report', async () => {
    await create({});
    await front.bus.until(() => front.config.reconciler.countsOf('global;1').enabled === 1);
    expect((await ask('GET', '/ca/instrumentations/1')).json).toMatchObject({ nsources: 1 });
  });
});
