import { LOG_GRID } from '../../../common/model/bucket';
import { fqid } from '../../../common/model/instrumentation';
import { HEAT, NOW, PLAIN, V, instrumentation, serveValues } from '../testing/test-values';

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);

test('a raw value comes with its interval and with who reported', async () => {
  await values.own(PLAIN, ['a', 'b']);
  values.report(PLAIN, 'a', NOW - 2, { shape: 'number', number: 5 }, 3);
  const { status, body, headers } = await values.get(`${V}/1/value/raw?timeout=0`);
  expect(status).toBe(200);
  expect(body).toEqual({
    value: 5,
    transformations: {},
    sources: [],
    start_time: NOW - 2,
    duration: 1,
    end_time: NOW - 1,
    requested_start_time: NOW - 2,
    requested_duration: 1,
    requested_end_time: NOW - 1,
    nsources: 2,
    minreporting: 1,
    lost: 3,
    completeness: [{ time: NOW - 2, duration: 1, expected: 2, reporting: 1, late: 0, lost: 3 }],
  });
  expect(headers.get('content-type')).toBe('application/json');
});

test('a value says what gathering it costs, until nodes tell no more', async () => {
  await values.own(PLAIN, ['a']);
  const load = { runsPerSecond: 2000, nanosecondsPerRun: 150, percentOfCore: 0.03, memoryBytes: 4096 };
  const told = { fqid: fqid(PLAIN), value: { shape: 'number' as const, number: 5 }, lost: 0, load };
  values.aggregator.receive(
    { node: 'a', second: NOW - 2, duration: 1, sent: values.now, reports: [told] },
    100,
  );
  expect((await values.get(`${V}/1/value/raw?timeout=0`)).body['cost']).toEqual({
    nodes: 1,
    runs_per_second: 2000,
    ns_per_run: 150,
    percent_of_core: 0.03,
    memory_bytes: 4096,
    worst: { node: 'a', percent_of_core: 0.03 },
  });
  // Customers do not learn servers' names.
  const theirs = instrumentation('1', { customer: 'c' });
  await values.own(theirs, ['a']);
  const toldThem = { ...told, fqid: fqid(theirs) };
  values.aggregator.receive(
    { node: 'a', second: NOW - 2, duration: 1, sent: values.now, reports: [toldThem] },
    100,
  );
  const { body } = await values.get('/ca/customers/c/instrumentations/1/value/raw?timeout=0');
  expect(body['cost']).toMatchObject({ nodes: 1, percent_of_core: 0.03 });
  expect(body['cost']).not.toHaveProperty('worst');
  values.now += 31_000;
  values.aggregator.tick();
  expect((await values.get(`${V}/1/value/raw?timeout=0`)).body).not.toHaveProperty('cost');
});

test('seconds that died with an aggregator before us read as missing, those before the question as empty', async () => {
  await values.own({ ...PLAIN, crtime: 1000 * (NOW - 20) }, ['a', 'b']);
  const { body } = await values.get(`${V}/1/value/raw?start_time=${NOW - 30}&duration=20&timeout=0`);
  const nobody = { reporting: 0, late: 0, lost: 0 };
  expect(body).toMatchObject({
    minreporting: 0,
    completeness: [
      { time: NOW - 30, duration: 11, expected: 0, ...nobody },
      { time: NOW - 19, duration: 9, expected: 2, ...nobody },
    ],
  });
});

test.each([
  ['number', [], 0],
  ['keyed', ['disk'], {}],
  ['distribution', ['latency'], []],
  ['keyed-distribution', ['disk', 'latency'], {}],
] as const)('%s without data is its zero', async (_shape, decomposition, value) => {
  await values.own(instrumentation('5', { decomposition }));
  expect((await values.get(`${V}/5/value/raw`)).body['value']).toEqual(value);
});

test('distributions are printed as ranges, keys that are names of properties included', async () => {
  await values.own(HEAT);
  const distributions = new Map([
    ['sda', [5, 2, MS, 7]],
    ['__proto__', [0, 1]],
  ]);
  values.report(HEAT, 'a', NOW - 2, { shape: 'keyed-distribution', distributions });
  const res = await fetch(values.url(`${V}/2/value/raw`));
  expect(await res.text()).toContain(
    '"value":{"sda":[[[5,5],2],[[1000000,1099999],7]],"__proto__":[[[0,0],1]]}',
  );
});

test('the scopes are separate, and an id with a separator in it reaches nobody', async () => {
  const theirs = instrumentation('1', { customer: 'c' });
  await values.own(PLAIN);
  await values.own(theirs, ['a']);
  values.report(theirs, 'a', NOW - 2, { shape: 'number', number: 9 });
  expect((await values.get(`${V}/1/value/raw`)).body['value']).toBe(0);
  expect((await values.get('/ca/customers/c/instrumentations/1/value/raw')).body['value']).toBe(9);
  for (const path of [
    '/ca/customers/d/instrumentations/1',
    `${V}/c;1`,
    `${V}/..%2f1`,
    `${V}/-1`,
    `${V}/%00`,
  ]) {
    expect((await values.get(`${path}/value/raw`)).status).toBe(404);
  }
});

test('an unknown instrumentation is 404, but zero when the front door says what it will be', async () => {
  expect(await values.get(`${V}/77/value/raw`)).toMatchObject({
    status: 404,
    body: {
      error: { code: 'NOT_FOUND', message: 'this aggregator has no instrumentation "77" in this scope' },
    },
  });
  const headers = { 'x-ca-instn-shape': 'keyed', 'x-ca-instn-granularity': '10' };
  const { status, body } = await values.get(`${V}/77/value/raw`, { headers });
  expect(status).toBe(200);
  expect(body).toMatchObject({ value: {}, nsources: 0, minreporting: 0, start_time: NOW - 20, duration: 10 });
});

test('lists of resources follow the shape', async () => {
  await values.own(PLAIN);
  await values.own(HEAT);
  expect((await values.get(`${V}/1/value/`)).body).toEqual([{ name: 'value_raw', uri: `${V}/1/value/raw` }]);
  expect((await values.get(`${V}/2/value`)).body).toEqual([
    { name: 'value_raw', uri: `${V}/2/value/raw` },
    { name: 'value_heatmap', uri: `${V}/2/value/heatmap` },
  ]);
  expect((await values.get(`${V}/2/value/heatmap`)).body).toEqual(
    ['image', 'details', 'average', 'percentile'].map((name) => ({
      name,
      uri: `${V}/2/value/heatmap/${name}`,
    })),
  );
  for (const path of ['', '/image', '/image.png', '/details', '/average', '/percentile']) {
    expect((await values.get(`${V}/1/value/heatmap${path}`)).status).toBe(404);
  }
});

test('transformations explain the keys of the reply, where the decomposition has such keys', async () => {
  await values.own(HEAT);
  await values.own(PLAIN);
  values.reportDisks('n', NOW - 2, { sda: [MS, 1] });
  for (const path of ['raw', 'heatmap/image']) {
    const { body } = await values.get(`${V}/2/value/${path}?transformations=shout`);
    expect(body['transformations']).toEqual({ shout: { sda: 'SDA' } });
  }
  const refused = await values.get(`${V}/1/value/raw?transformations=shout`);
  expect(refused.body).toMatchObject({
    error: {
      field: 'transformations',
      message: 'transformations names "shout"; this instrumentation has none',
    },
  });
});

test('parameters may come as a JSON body, heatmap options too', async () => {
  await values.own(HEAT);
  const { request } = await import('node:http');
  const body = JSON.stringify({
    start_time: NOW - 60,
    duration: 30,
    width: 100,
    selected: ['a,b'],
    isolate: true,
  });
  const text = await new Promise<string>((resolve, reject) => {
    const req = request(
      values.url(`${V}/2/value/heatmap/image?width=50`),
      { headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (res) => {
        let all = '';
        res
          .on('data', (chunk: Buffer) => (all += chunk.toString()))
          .on('end', () => {
            resolve(all);
          });
      },
    );
    req.on('error', reject);
    req.end(body);
  });
  expect(JSON.parse(text)).toMatchObject({ width: 100, duration: 30, legend: [{ key: 'a,b' }] });
});

test('re-enabling keeps the data and takes over nodes and retention', async () => {
  await values.own(PLAIN, ['a']);
  values.report(PLAIN, 'a', NOW - 2, { shape: 'number', number: 5 });
  await values.own({ ...PLAIN, retentionTime: 60 }, ['a', 'b', 'c']);
  expect((await values.get(`${V}/1/value/raw?timeout=0`)).body).toMatchObject({ value: 5, nsources: 3 });
  expect(values.aggregator.get('global;1')?.dataset.retentionTime).toBe(60);
});

test('values of an instrumentation that is not ours are counted and dropped', () => {
  values.report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  expect(values.aggregator.counts).toMatchObject({ reports: 1, unknown: 1 });
});

test('trouble with the disk is in every value, and an answer from before it is not taken for the same', async () => {
  await values.own(PLAIN, ['n']);
  values.report(PLAIN, 'n', NOW - 1, { shape: 'number', number: 5 });
  const path = `${V}/1/value/raw?start_time=${NOW - 1}`;
  const before = await values.get(path);
  expect(before.body).not.toHaveProperty('disk');
  const trouble = { written: false, read: true, damaged_bytes: 0, reason: 'ENOSPC' };
  jest.spyOn(values.aggregator, 'diskTroubleOf').mockReturnValue(trouble);
  const after = await values.get(path, { headers: { 'If-None-Match': before.headers.get('ETag') ?? '' } });
  expect(after.body).toMatchObject({ value: 5, disk: trouble });
});

test('a node that joins does not make the past incomplete, and one second before the question is nobody’s fault', async () => {
  await values.own(PLAIN, ['a']);
  for (let s = 10; s > 2; s--) values.report(PLAIN, 'a', NOW - s, { shape: 'number', number: 1 });
  await values.own(PLAIN, ['a', 'b']);
  const { body } = await values.get(`${V}/1/value/raw?start_time=${NOW - 10}&duration=8&timeout=0`);
  expect(body).toMatchObject({
    nsources: 2,
    minreporting: 1,
    completeness: [
      { expected: 1, reporting: 1 },
      { expected: 1, reporting: 1 },
    ],
  });
  const young = instrumentation('9', { crtime: 1000 * (NOW - 3) });
  await values.own(young, ['a']);
  values.report(young, 'a', NOW - 2, { shape: 'number', number: 1 });
  expect(
    (await values.get(`${V}/9/value/raw?start_time=${NOW - 10}&duration=9&timeout=0`)).body,
  ).toMatchObject({ minreporting: 1 });
});
