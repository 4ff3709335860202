import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { LOG_GRID } from '../../common/bucket';
import { cacheOfBytes } from '../../common/cache';
import type { Clock } from '../../common/clock';
import type * as FakeProbes from '../../common/fake-probes';
import { fired } from '../../common/fake-probes';
import type * as Probes from '../../common/probes';
import { fqid, type Instrumentation } from '../../common/instrumentation';
import { serve, type HttpServer } from '../../common/http';
import { LIMITS } from '../../common/limits';
import { SILENT } from '../../common/log';
import { toWire } from '../../common/message';
import type { Value } from '../../common/value';
import { Aggregator } from './aggregator';
import { Cells, type Row } from './cells';
import { HeldAnswers } from './held';
import { INLINE } from './heatmap/renderer';
import { valueRoutes } from './routes';

jest.mock('../../common/probes', () => {
  const real = jest.requireActual<typeof Probes>('../../common/probes');
  const { watching } = jest.requireActual<typeof FakeProbes>('../../common/fake-probes');
  return { ...real, fire: real.fireThrough(watching) };
});

const NOW = 1_300_000_000;
let now = 1000 * NOW;
const clock: Clock = { now: () => now, everySecond: () => () => undefined };

const TRANSFORMATIONS = [
  {
    name: 'shout',
    label: 'In capitals',
    fields: ['disk'],
    explain: (keys: readonly string[]) =>
      Promise.resolve(new Map(keys.map((key) => [key, key.toUpperCase()]))),
  },
];

let server: HttpServer;
let aggregator: Aggregator;
let bound: Set<string>;
let held: HeldAnswers;

beforeEach(async () => {
  now = 1000 * NOW;
  bound = new Set();
  held = new HeldAnswers({ answerBytes: 2_000_000, allBytes: 5_000_000 });
  aggregator = new Aggregator({
    clock,
    log: SILENT,
    bind: (id) => Promise.resolve(void bound.add(id)),
    unbind: (id) => Promise.resolve(void bound.delete(id)),
    resend: () => Promise.resolve([]),
    time: () => new Promise(() => undefined),
  });
  server = await serve({
    name: 'test',
    routes: valueRoutes({
      aggregator,
      clock,
      renderer: INLINE,
      transformations: TRANSFORMATIONS,
      pictures: cacheOfBytes(1e6, () => 1000),
      held,
    }),
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
  });
});
afterEach(() => server.close());

function instrumentation(id: string, change: Partial<Instrumentation> = {}): Instrumentation {
  return {
    id,
    module: 'disk',
    stat: 'physio_ops',
    predicate: { kind: 'always' },
    decomposition: [],
    fields: { disk: 'string', latency: 'time' },
    valueScope: 'interval',
    granularity: 1,
    retentionTime: 600,
    idleMax: 3600,
    persistData: false,
    enabled: true,
    crtime: 0,
    ...change,
  };
}

const own = (i: Instrumentation, nodes: string[] = []): Promise<void> =>
  aggregator.enable({ instrumentation: toWire(i), nodes });

function report(i: Instrumentation, node: string, second: number, value: Value, lost = 0): void {
  const duration = i.granularity < 5 ? 1 : 5;
  aggregator.receive({ node, second, duration, sent: now, reports: [{ fqid: fqid(i), value, lost }] }, 100);
}

type Json = Record<string, unknown>;
async function get(
  path: string,
  init?: RequestInit,
): Promise<{ status: number; headers: Headers; body: Json }> {
  const res = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  const text = await res.text();
  return { status: res.status, headers: res.headers, body: (text === '' ? {} : JSON.parse(text)) as Json };
}

const PLAIN = instrumentation('1');
const HEAT = instrumentation('2', { decomposition: ['disk', 'latency'] });
const V = '/ca/instrumentations';
const MS = LOG_GRID.bucketOf(1_000_000);

test('a raw value comes with its interval and with who reported', async () => {
  await own(PLAIN, ['a', 'b']);
  report(PLAIN, 'a', NOW - 2, { shape: 'number', number: 5 }, 3);
  const { status, body, headers } = await get(`${V}/1/value/raw?timeout=0`);
  expect(status).toBe(200);
  expect(body).toEqual({
    value: 5,
    transformations: {},
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
  await own(PLAIN);
  const load = { runsPerSecond: 2000, nanosecondsPerRun: 150, percentOfCore: 0.03, memoryBytes: 4096 };
  const told = { fqid: fqid(PLAIN), value: { shape: 'number' as const, number: 5 }, lost: 0, load };
  aggregator.receive({ node: 'a', second: NOW - 2, duration: 1, sent: now, reports: [told] }, 100);
  expect((await get(`${V}/1/value/raw?timeout=0`)).body['cost']).toEqual({
    nodes: 1,
    runs_per_second: 2000,
    ns_per_run: 150,
    percent_of_core: 0.03,
    memory_bytes: 4096,
    worst: { node: 'a', percent_of_core: 0.03 },
  });
  // Customers do not learn servers' names.
  const theirs = instrumentation('1', { customer: 'c' });
  await own(theirs);
  const toldThem = { ...told, fqid: fqid(theirs) };
  aggregator.receive({ node: 'a', second: NOW - 2, duration: 1, sent: now, reports: [toldThem] }, 100);
  const { body } = await get('/ca/customers/c/instrumentations/1/value/raw?timeout=0');
  expect(body['cost']).toMatchObject({ nodes: 1, percent_of_core: 0.03 });
  expect(body['cost']).not.toHaveProperty('worst');
  now += 31_000;
  aggregator.tick();
  expect((await get(`${V}/1/value/raw?timeout=0`)).body).not.toHaveProperty('cost');
});

test('seconds that died with an aggregator before us read as missing, those before the question as empty', async () => {
  await own({ ...PLAIN, crtime: 1000 * (NOW - 20) }, ['a', 'b']);
  const { body } = await get(`${V}/1/value/raw?start_time=${NOW - 30}&duration=20&timeout=0`);
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
  await own(instrumentation('5', { decomposition }));
  expect((await get(`${V}/5/value/raw`)).body['value']).toEqual(value);
});

test('distributions are printed as ranges, keys that are names of properties included', async () => {
  await own(HEAT);
  const distributions = new Map([
    ['sda', [5, 2, MS, 7]],
    ['__proto__', [0, 1]],
  ]);
  report(HEAT, 'a', NOW - 2, { shape: 'keyed-distribution', distributions });
  const res = await fetch(`http://127.0.0.1:${server.port}${V}/2/value/raw`);
  expect(await res.text()).toContain(
    '"value":{"sda":[[[5,5],2],[[1000000,1099999],7]],"__proto__":[[[0,0],1]]}',
  );
});

test('the scopes are separate, and an id with a separator in it reaches nobody', async () => {
  const theirs = instrumentation('1', { customer: 'c' });
  await own(PLAIN);
  await own(theirs);
  report(theirs, 'a', NOW - 2, { shape: 'number', number: 9 });
  expect((await get(`${V}/1/value/raw`)).body['value']).toBe(0);
  expect((await get('/ca/customers/c/instrumentations/1/value/raw')).body['value']).toBe(9);
  for (const path of [
    '/ca/customers/d/instrumentations/1',
    `${V}/c;1`,
    `${V}/..%2f1`,
    `${V}/-1`,
    `${V}/%00`,
  ]) {
    expect((await get(`${path}/value/raw`)).status).toBe(404);
  }
});

test('an unknown instrumentation is 404, but zero when the front door says what it will be', async () => {
  expect(await get(`${V}/77/value/raw`)).toMatchObject({
    status: 404,
    body: {
      error: { code: 'NOT_FOUND', message: 'this aggregator has no instrumentation "77" in this scope' },
    },
  });
  const headers = { 'x-ca-instn-shape': 'keyed', 'x-ca-instn-granularity': '10' };
  const { status, body } = await get(`${V}/77/value/raw`, { headers });
  expect(status).toBe(200);
  expect(body).toMatchObject({ value: {}, nsources: 0, minreporting: 0, start_time: NOW - 20, duration: 10 });
});

test('lists of resources follow the shape', async () => {
  await own(PLAIN);
  await own(HEAT);
  expect((await get(`${V}/1/value/`)).body).toEqual([{ name: 'value_raw', uri: `${V}/1/value/raw` }]);
  expect((await get(`${V}/2/value`)).body).toEqual([
    { name: 'value_raw', uri: `${V}/2/value/raw` },
    { name: 'value_heatmap', uri: `${V}/2/value/heatmap` },
  ]);
  expect((await get(`${V}/2/value/heatmap`)).body).toEqual(
    ['image', 'details', 'average', 'percentile'].map((name) => ({
      name,
      uri: `${V}/2/value/heatmap/${name}`,
    })),
  );
  for (const path of ['', '/image', '/image.png', '/details', '/average', '/percentile']) {
    expect((await get(`${V}/1/value/heatmap${path}`)).status).toBe(404);
  }
});

test.each([
  ['duration=0', 'duration'],
  ['duration=3601', 'duration'],
  ['duration=5abc', 'duration'],
  ['duration=1e3', 'duration'],
  ['duration=', 'duration'],
  ['duration=-0', 'duration'],
  ['start_time=-1', 'start_time'],
  ['start_time=1e999', 'start_time'],
  [`start_time=${NOW + 5}&timeout=5000`, 'start_time'],
  [`end_time=${NOW + 6}`, 'end_time'],
  [`start_time=${NOW - 10}&end_time=${NOW - 10}`, 'end_time'],
  [`start_time=${NOW - 10}&end_time=${NOW - 5}&duration=4`, 'duration'],
  [`start_time=1&end_time=${NOW}`, 'end_time'],
  ['end_time=5&duration=6', 'duration'],
  ['ndatapoints=0', 'ndatapoints'],
  ['ndatapoints=3601', 'ndatapoints'],
  ['duration=1&duration=2', 'duration'],
  [`start_time=${NOW - 4}&ndatapoints=10`, 'start_time'],
  ['timeout=5001', 'timeout'],
  ['transformations=geolocate', 'transformations'],
])('a wrong interval names its parameter: %s', async (query, field) => {
  await own(PLAIN);
  const { status, body } = await get(`${V}/1/value/raw?${query}`);
  expect(status).toBe(400);
  const { error } = body as { error: { code: string; field: string; message: string } };
  expect([error.code, error.field]).toEqual(['INVALID', field]);
  expect(error.message.startsWith(field)).toBe(true);
});

test.each([
  ['image', 'width=9', 'width'],
  ['image', 'height=2001', 'height'],
  ['image', 'nbuckets=0', 'nbuckets'],
  ['image', 'ymin=10&ymax=10', 'ymax'],
  ['image', 'isolate=yes', 'isolate'],
  ['image', 'isolate=true&exclude=true', 'exclude'],
  ['image', 'exclude=true&decompose_all=true', 'decompose_all'],
  ['image', 'coloring=rainbow', 'coloring'],
  ['image', 'weights=weights', 'weights'],
  ['image', 'hues=1,360', 'hues'],
  ['image', 'hues=21&selected=a,b', 'hues'],
  ['image', 'hues=[1', 'hues'],
  ['image', 'hues=0x10', 'hues'],
  ['image', 'hues=1,', 'hues'],
  ['image', 'percentiles=1e1', 'percentiles'],
  ['image', 'percentiles=50,100.1', 'percentiles'],
  ['image', 'width=100&width=200', 'width'],
  ['image', 'ndatapoints=61&duration=1', 'ndatapoints'],
  ['image.png', 'ndatapoints=1', 'ndatapoints'],
  ['details', 'ymax=10&x=0', 'y'],
  ['details', 'ymax=10&y=0', 'x'],
  ['details', 'x=0&y=0', 'ymax'],
  ['details', 'ymax=10&x=600&y=0', 'x'],
  ['percentile', '', 'percentile'],
  ['percentile', 'percentile=1.1', 'percentile'],
  ['percentile', 'percentile=NaN', 'percentile'],
])('a wrong heatmap option names its parameter: %s?%s', async (path, query, field) => {
  await own(HEAT);
  const { status, body } = await get(`${V}/2/value/heatmap/${path}?${query}`);
  expect([status, (body['error'] as Json)['field']]).toEqual([400, field]);
});

test('decompose_all with too few hues goes on with more of them', async () => {
  await own(HEAT);
  const distributions = new Map(['a', 'b', 'c'].map((disk) => [disk, [MS, 1]]));
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions });
  const { body } = await get(`${V}/2/value/heatmap/image?decompose_all=true&hues=100`);
  const legend = body['legend'] as { key?: string; hue: number }[];
  expect(legend.map(({ key }) => key)).toEqual([undefined, 'a', 'b', 'c']);
  expect(new Set(legend.map(({ hue }) => hue)).size).toBe(4);
});

test('ndatapoints makes a list of consecutive intervals that ends with the newest complete one', async () => {
  await own(PLAIN);
  for (let s = 1; s <= 20; s++) report(PLAIN, 'a', NOW - s, { shape: 'number', number: s });
  const { body } = await get(`${V}/1/value/raw?ndatapoints=3&duration=2`);
  expect((body as unknown as Json[]).map((p) => [p['start_time'], p['value']])).toEqual([
    [NOW - 7, 13],
    [NOW - 5, 9],
    [NOW - 3, 5],
  ]);
  expect((await get(`${V}/1/value/raw?ndatapoints=1`)).body).toHaveLength(1);
});

test('intervals are widened to the granularity at both ends', async () => {
  const slow = instrumentation('3', { granularity: 60, retentionTime: 3600 });
  await own(slow);
  const start = Math.floor(NOW / 60) * 60 - 600;
  report(slow, 'a', start + 5, { shape: 'number', number: 4 });
  expect((await get(`${V}/3/value/raw?start_time=${start + 20}&end_time=${start + 50}`)).body).toMatchObject({
    value: 4,
    start_time: start,
    duration: 60,
    end_time: start + 60,
    requested_start_time: start + 20,
    requested_duration: 30,
    requested_end_time: start + 50,
  });
  expect((await get(`${V}/3/value/raw?start_time=${start + 50}&duration=20`)).body).toMatchObject({
    start_time: start,
    duration: 120,
  });
});

test.each([
  // It is 20 s into the second slot of three that there are.
  ['duration=60', [0], 60],
  ['duration=50', [0], 60],
  ['', [0], 60],
  ['duration=61', [-60], 120],
  ['ndatapoints=2&duration=60', [-60, 0], 60],
])(
  'without a time it is the newest complete stretch of the granularity, and no more: %s',
  async (query, starts, length) => {
    const slow = instrumentation('3', { granularity: 60, retentionTime: 3600 });
    await own(slow);
    const slot = Math.floor(NOW / 60) * 60;
    now = 1000 * (slot + 80);
    for (const at of [-60, 0, 60]) report(slow, 'a', slot + at, { shape: 'number', number: 1 });
    const { body } = await get(`${V}/3/value/raw?${query}`);
    const points = (Array.isArray(body) ? body : [body]) as Json[];
    expect(points.map((p) => [p['start_time'], p['duration'], p['value']])).toEqual(
      starts.map((at) => [slot + at, length, length / 60]),
    );
    // What was asked for lies within what is answered.
    for (const p of points) expect(p['requested_end_time']).toBeLessThanOrEqual(p['end_time'] as number);
    for (const p of points)
      expect(p['requested_start_time']).toBeGreaterThanOrEqual(p['start_time'] as number);
  },
);

test('of several points of a coarse granularity each tells what was asked of it', async () => {
  const slow = instrumentation('3', { granularity: 10 });
  await own(slow);
  const { body } = await get(`${V}/3/value/raw?start_time=${NOW - 95}&duration=5&ndatapoints=3`);
  expect(
    (body as unknown as Json[]).map((p) => [p['start_time'], p['requested_start_time'], p['duration']]),
  ).toEqual([
    [NOW - 100, NOW - 95, 10],
    [NOW - 90, NOW - 85, 10],
    [NOW - 80, NOW - 75, 10],
  ]);
  const far = await get(`${V}/3/value/raw?start_time=${NOW - 95}&duration=5&ndatapoints=30`);
  expect([far.status, (far.body['error'] as Json)['field']]).toEqual([400, 'start_time']);
  const old = await get(`${V}/3/value/raw?duration=36000&ndatapoints=3600&timeout=0`);
  expect(old.status).toBe(200);
});

test('a request waits until the nodes that are expected have reported, and says how long', async () => {
  await own(PLAIN);
  for (let s = 1; s <= 20; s++)
    for (const n of ['a', 'b']) report(PLAIN, n, NOW - s, { shape: 'number', number: 1 });
  const waiting = get(`${V}/1/value/raw?start_time=${NOW}&duration=1`);
  while (aggregator.get('global;1')?.waiting.size !== 1) await new Promise(setImmediate);
  report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  expect(aggregator.get('global;1')?.waiting.size).toBe(1);
  report(PLAIN, 'b', NOW, { shape: 'number', number: 1 });
  const { body } = await waiting;
  expect(body).toMatchObject({ value: 2, minreporting: 2 });
  expect(body['delay']).toBeGreaterThan(0);
});

test('a client that goes away waits for nothing, and nothing is drawn for it', async () => {
  await own(HEAT, ['a', 'b']);
  const waiting = (): number | undefined => aggregator.get(fqid(HEAT))?.waiting.size;
  const clients = ['raw', 'heatmap/image', 'heatmap/average'].map((path) => {
    const client = new AbortController();
    const url = `http://127.0.0.1:${server.port}${V}/2/value/${path}?start_time=${NOW}&duration=1`;
    return { client, answer: fetch(url, { signal: client.signal }) };
  });
  while (waiting() !== 3) await new Promise(setImmediate);
  for (const { client, answer } of clients) {
    client.abort();
    await expect(answer).rejects.toThrow('abort');
  }
  while (waiting() !== 0) await new Promise(setImmediate);
  // The data comes; nobody asks for it any more.
  const drawn = jest.spyOn(INLINE, 'render');
  for (const node of ['a', 'b']) {
    report(HEAT, node, NOW, { shape: 'keyed-distribution', distributions: new Map() });
  }
  await new Promise(setImmediate);
  expect(drawn).not.toHaveBeenCalled();
  drawn.mockRestore();
  while (server.counts.pending !== 0) await new Promise(setImmediate);
});

test('a request whose time is over is answered with what there is', async () => {
  await own(PLAIN, ['a', 'b']);
  report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  report(PLAIN, 'a', NOW + 1, { shape: 'number', number: 1 });
  now += 2000;
  const { body } = await get(`${V}/1/value/raw?start_time=${NOW + 1}&timeout=50`);
  expect(body).toMatchObject({ value: 1, nsources: 2, minreporting: 1 });
  expect(body['delay']).toBeGreaterThanOrEqual(45);
});

test('a stretch long past is answered at once, however incomplete', async () => {
  await own(PLAIN);
  for (let s = 1; s <= 60; s++) report(PLAIN, 'a', NOW - s, { shape: 'number', number: 1 });
  const { body } = await get(`${V}/1/value/raw?start_time=${NOW - 70}&duration=1`);
  expect(body).toMatchObject({ value: 0, minreporting: 0 });
  expect(body).not.toHaveProperty('delay');
});

test('deleting an instrumentation ends the requests that wait for it', async () => {
  await own(PLAIN, ['a']);
  expect([...bound]).toEqual(['global;1']);
  const waiting = get(`${V}/1/value/raw?start_time=${NOW + 1}&duration=1`);
  while (aggregator.get('global;1')?.waiting.size !== 1) await new Promise(setImmediate);
  await aggregator.disable('global;1');
  expect((await waiting).status).toBe(404);
  expect([...bound]).toEqual([]);
});

async function picture(path: string): Promise<PNG> {
  const res = await fetch(`http://127.0.0.1:${server.port}${path}`);
  expect(res.headers.get('content-type')).toBe('image/png');
  return PNG.sync.read(Buffer.from(await res.arrayBuffer()));
}
const pixel = (png: PNG, x: number, y: number): number =>
  png.data.readUInt32BE(4 * (y * png.width + x)) >>> 8;

test('each drawing fires heatmap-start and heatmap-done; a picture that is still known is not drawn', async () => {
  fired.length = 0;
  await own(HEAT);
  const path = `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60`;
  for (let i = 0; i < 2; i++) await picture(path);
  const flight = fired[0]?.[1];
  expect(fired).toEqual([
    ['heatmap-start', flight, 'global;2'],
    ['heatmap-done', flight, 'global;2', expect.any(Number)],
  ]);
  expect(fired[1]?.[3]).toBeGreaterThan(50);
});

test('the image is the same as base64 in JSON, by Accept, and as image.png', async () => {
  await own(HEAT);
  report(HEAT, 'a', NOW - 2, { shape: 'keyed-distribution', distributions: new Map([['sda', [MS, 10]]]) });
  const path = `${V}/2/value/heatmap/image`;
  const query = `?start_time=${NOW - 11}&duration=10&width=100&height=50&nbuckets=5&ymax=5000000`;
  const { body } = await get(path + query);
  expect(body).toMatchObject({
    nbuckets: 5,
    width: 100,
    height: 50,
    ymin: 0,
    ymax: 5_000_000,
    present: ['sda'],
    transformations: {},
    start_time: NOW - 11,
    duration: 10,
    minreporting: 0,
    lost: 0,
    legend: [{ hue: 21 }],
  });
  const bytes = Buffer.from(body['image'] as string, 'base64');
  const png = PNG.sync.read(bytes);
  expect([png.width, png.height]).toEqual([100, 50]);
  // 1.0 to 1.1 ms is in the second row from the bottom; the second is the last column but none.
  expect(pixel(png, 95, 35)).not.toBe(0xffffff);
  expect(pixel(png, 85, 35)).toBe(0xffffff);
  expect(pixel(png, 95, 45)).toBe(0xffffff);
  const accepted = await fetch(`http://127.0.0.1:${server.port}${path}${query}`, {
    headers: { accept: 'image/png' },
  });
  expect(Buffer.from(await accepted.arrayBuffer()).equals(bytes)).toBe(true);
  const plain = await fetch(`http://127.0.0.1:${server.port}${path}.png${query}`);
  expect(Buffer.from(await plain.arrayBuffer()).equals(bytes)).toBe(true);
  expect(plain.headers.get('x-ca-ymax')).toBe('5000000');
});

test('an answer that has not changed is 304 for whoever has its ETag', async () => {
  await own(HEAT);
  const path = `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60`;
  const first = await fetch(`http://127.0.0.1:${server.port}${path}`);
  await first.arrayBuffer();
  const etag = first.headers.get('etag') ?? '';
  const again = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { 'if-none-match': etag } });
  const second = await again();
  expect([second.status, await second.text(), second.headers.get('etag')]).toEqual([304, '', etag]);
  report(HEAT, 'a', NOW - 5, { shape: 'keyed-distribution', distributions: new Map([['sda', [MS, 10]]]) });
  expect((await again()).status).toBe(200);
});

test('an unchanged answer costs no picture; late data changes exactly the answers that it is in', async () => {
  await own(HEAT);
  report(HEAT, 'a', NOW - 50, { shape: 'keyed-distribution', distributions: new Map([['sda', [MS, 10]]]) });
  const tag = async (path: string): Promise<string | null> => {
    const res = await fetch(`http://127.0.0.1:${server.port}${V}/2/value/${path}`);
    await res.arrayBuffer();
    return res.headers.get('etag');
  };
  const early = `heatmap/image.png?start_time=${NOW - 60}&duration=20`;
  const later = `heatmap/image.png?start_time=${NOW - 20}&duration=10`;
  const before = [await tag(early), await tag(later)];
  expect([await tag(early), await tag(later)]).toEqual(before);
  report(HEAT, 'b', NOW - 15, { shape: 'keyed-distribution', distributions: new Map([['sda', [MS, 10]]]) });
  expect(await tag(early)).toBe(before[0]);
  expect(await tag(later)).not.toBe(before[1]);
  expect(await tag(`raw?start_time=${NOW - 60}`)).not.toBe(await tag(`raw?start_time=${NOW - 59}`));
});

test('percentile lines are drawn where the percentiles are, and named in the reply', async () => {
  await own(HEAT);
  const distributions = new Map([['a', [LOG_GRID.bucketOf(10), 90, LOG_GRID.bucketOf(80), 10]]]);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions });
  const query = `?start_time=${NOW - 3}&duration=3&width=30&height=100&nbuckets=100&ymax=100&percentiles=50,99`;
  const png = await picture(`${V}/2/value/heatmap/image.png${query}`);
  const dark: number[] = [];
  for (let y = 0; y < 100; y++) if (pixel(png, 15, y) === 0x202020) dark.push(y);
  // The median is 10 + 50/90 and p99 is 80 + 9/10; two pixels each.
  expect(dark).toEqual([19, 20, 89, 90]);
  for (let y = 0; y < 100; y++) expect(pixel(png, 5, y)).toBe(0xffffff);
  const { body } = await get(`${V}/2/value/heatmap/image${query}`);
  expect(body['percentiles']).toEqual([
    { percentile: 50, colour: '#202020' },
    { percentile: 99, colour: '#202020' },
  ]);
});

test('transformations explain the keys of the reply, where the decomposition has such keys', async () => {
  await own(HEAT);
  await own(PLAIN);
  const distributions = new Map([['sda', [MS, 1]]]);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions });
  for (const path of ['raw', 'heatmap/image']) {
    const { body } = await get(`${V}/2/value/${path}?transformations=shout`);
    expect(body['transformations']).toEqual({ shout: { sda: 'SDA' } });
  }
  const refused = await get(`${V}/1/value/raw?transformations=shout`);
  expect(refused.body).toMatchObject({
    error: {
      field: 'transformations',
      message: 'transformations names "shout"; this instrumentation has none',
    },
  });
});

test('a picture that would not fit into memory is refused, or drawn with fewer hues', async () => {
  await own(instrumentation('9', { decomposition: ['disk', 'latency'], retentionTime: 3600 }));
  const size = 'duration=3600&width=2000&height=400&nbuckets=200';
  const selected = Array.from({ length: 10 }, (_, i) => `k${i}`).join();
  const refused = await get(`${V}/9/value/heatmap/image?${size}&selected=${selected}`);
  expect([refused.status, (refused.body['error'] as Json)['field']]).toEqual([400, 'selected']);
  expect((await get(`${V}/9/value/heatmap/image?${size}&decompose_all=true`)).status).toBe(200);
});

test('no combination of parameters is answered with a server error, and errors name what was sent', async () => {
  await own(HEAT);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions: new Map([['sda', [MS, 1]]]) });
  const names = [
    'start_time', 'end_time', 'duration', 'ndatapoints', 'timeout', 'transformations', 'width', 'height', 'ymin', 'ymax',
    'nbuckets', 'selected', 'isolate', 'exclude', 'decompose_all', 'hues', 'weights', 'coloring', 'percentiles', 'x', 'y',
    'percentile',
  ]; // prettier-ignore
  const text = fc.oneof(
    fc.constantFrom(
      '0',
      '1',
      '10',
      '60',
      '100',
      '600',
      '3600',
      '1e9',
      '1e999',
      '-0',
      '5abc',
      '',
      'true',
      'false',
    ),
    fc.constantFrom(
      String(NOW),
      String(NOW - 2),
      '0.5',
      'sda',
      '["sda"]',
      '[[]]',
      'rank',
      'log',
      '21,112',
      '99.9',
      'NaN',
    ),
    fc.string(),
  );
  const query = fc.dictionary(fc.constantFrom(...names), text, { maxKeys: 6, noNullPrototype: true });
  const path = fc.constantFrom(
    'raw',
    ...['image', 'image.png', 'details', 'average', 'percentile'].map((p) => `heatmap/${p}`),
  );
  await fc.assert(
    fc.asyncProperty(path, query, async (where, parameters) => {
      const url = `http://127.0.0.1:${server.port}${V}/2/value/${where}?${String(new URLSearchParams({ timeout: '0', ...parameters }))}`;
      const res = await fetch(url);
      const answer = await res.arrayBuffer();
      expect([200, 400]).toContain(res.status);
      if (res.status === 200) return;
      const { error } = JSON.parse(Buffer.from(answer).toString()) as { error: { field: string } };
      expect(names).toContain(error.field);
    }),
    { seed: 20_110_404, numRuns: 200 },
  );
}, 60_000);

test('a selected key has its own hue; isolate draws only it, exclude only the rest', async () => {
  await own(HEAT);
  const distributions = new Map([
    ['a', [MS, 10]],
    ['b', [LOG_GRID.bucketOf(3_000_000), 10]],
  ]);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions });
  const base = `${V}/2/value/heatmap/image.png?start_time=${NOW - 2}&duration=1&width=10&height=50&nbuckets=5&ymax=5000000&coloring=linear`;
  const colours = async (more: string): Promise<number[]> => {
    const png = await picture(base + more);
    return [pixel(png, 5, 35), pixel(png, 5, 15)];
  };
  const [orange, blue, white] = [0xf26518, 0x189ff2, 0xffffff];
  expect(await colours('')).toEqual([orange, orange]);
  expect(await colours('&selected=b&hues=21,203')).toEqual([orange, blue]);
  expect(await colours('&selected=b&isolate=true')).toEqual([white, blue]);
  expect(await colours('&selected=b&exclude=true')).toEqual([orange, white]);
});

test('details tell time, range and counts of the pixel', async () => {
  await own(HEAT);
  const distributions = new Map([
    ['a', [MS, 10]],
    ['b', [LOG_GRID.bucketOf(1_500_000), 4, LOG_GRID.bucketOf(9_000_000), 1]],
  ]);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions });
  const path = `${V}/2/value/heatmap/details?start_time=${NOW - 11}&duration=10&width=100&height=50&nbuckets=5&ymax=5000000`;
  expect((await get(`${path}&x=95&y=35`)).body).toMatchObject({
    nbuckets: 5,
    width: 100,
    height: 50,
    bucket_time: NOW - 2,
    bucket_ymin: 1_000_000,
    bucket_ymax: 2_000_000,
    present: { a: 10, b: 4 },
    total: 14,
  });
  expect((await get(`${path}&x=94&y=49`)).body).toMatchObject({ present: {}, total: 0 });
});

test('average and percentile give a number for each second, null where nothing was counted', async () => {
  await own(HEAT);
  const distributions = new Map([['a', [1, 50, 3, 50]]]);
  report(HEAT, 'n', NOW - 4, { shape: 'keyed-distribution', distributions });
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions: new Map([['b', [9, 2]]]) });
  const q = `start_time=${NOW - 4}&duration=3`;
  expect((await get(`${V}/2/value/heatmap/average?${q}`)).body['average']).toEqual([2, null, 9]);
  expect((await get(`${V}/2/value/heatmap/percentile?${q}&percentile=0.5`)).body['percentile']).toEqual([
    2,
    null,
    9.5,
  ]);
  expect((await get(`${V}/2/value/heatmap/percentile?${q}&percentile=0`)).body['percentile']).toEqual([
    1,
    null,
    9,
  ]);
  expect((await get(`${V}/2/value/heatmap/average?${q}&selected=b&isolate=true`)).body['average']).toEqual([
    null,
    null,
    9,
  ]);
});

test('of one column average and percentile are a number, as clients of the original read them', async () => {
  await own(HEAT);
  report(HEAT, 'n', NOW - 2, { shape: 'keyed-distribution', distributions: new Map([['b', [9, 2]]]) });
  const averages = async (query: string): Promise<unknown> => {
    const { body } = await get(`${V}/2/value/heatmap/average?${query}`);
    return Array.isArray(body) ? body.map((p: Json) => p['average']) : body['average'];
  };
  expect(await averages('')).toBe(9);
  expect(await averages(`start_time=${NOW - 4}&duration=1&ndatapoints=3`)).toEqual([null, null, 9]);
  expect((await get(`${V}/2/value/heatmap/percentile?percentile=0`)).body['percentile']).toBe(9);
});

test('parameters may come as a JSON body, heatmap options too', async () => {
  await own(HEAT);
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
      `http://127.0.0.1:${server.port}${V}/2/value/heatmap/image?width=50`,
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

test('a list may be given as the parameter several times', async () => {
  await own(HEAT);
  const { body } = await get(`${V}/2/value/heatmap/image?selected=a&selected=b,c&hues=1&hues=2&hues=3`);
  expect(body['legend']).toEqual([{ hue: 1 }, { key: 'a', hue: 2 }, { key: 'b,c', hue: 3 }]);
});

test('re-enabling keeps the data and takes over nodes and retention', async () => {
  await own(PLAIN, ['a']);
  report(PLAIN, 'a', NOW - 2, { shape: 'number', number: 5 });
  await own({ ...PLAIN, retentionTime: 60 }, ['a', 'b', 'c']);
  expect((await get(`${V}/1/value/raw?timeout=0`)).body).toMatchObject({ value: 5, nsources: 3 });
  expect(aggregator.get('global;1')?.dataset.retentionTime).toBe(60);
});

test('values of an instrumentation that is not ours are counted and dropped', () => {
  report(PLAIN, 'a', NOW, { shape: 'number', number: 1 });
  expect(aggregator.counts).toMatchObject({ reports: 1, unknown: 1 });
});

test('an answer that would be too large names what to ask less of', async () => {
  await own(HEAT);
  const large = await get(`${V}/2/value/heatmap/average?ndatapoints=3600&duration=3600`);
  expect([large.status, large.body['error']]).toMatchObject([400, { code: 'INVALID', field: 'ndatapoints' }]);
  // More counts in one value than it may have: nothing is made of them at all.
  const { valueCounts } = LIMITS;
  const counts = Array.from({ length: 1001 }, (_, i) => i);
  const distributions = new Map(
    Array.from({ length: 1 + valueCounts / 1000 }, (_, i) => [`k${i}`, counts.flatMap((n) => [n, 1])]),
  );
  jest.spyOn(Cells.prototype, 'each').mockImplementation((visit) => {
    for (const [key, pairs] of distributions) {
      const [buckets, numbers] = [0, 1].map((odd) => pairs.filter((_, i) => i % 2 === odd)) as [
        number[],
        number[],
      ];
      visit(key, { buckets, counts: numbers, from: 0, to: buckets.length } as unknown as Row);
    }
  });
  const many = await get(`${V}/2/value/raw`);
  jest.restoreAllMocks();
  expect([many.status, many.body['error']]).toMatchObject([400, { code: 'INVALID', field: 'duration' }]);
  expect((await get(`${V}/2/value/raw`)).status).toBe(200);
});

test('answers that are on their way have their share of memory until their clients have them, or have gone', async () => {
  await own(PLAIN);
  const clients = [2_000_000, 2_000_000, 1_000_000].map((bytes) => {
    const client = new EventEmitter() as ServerResponse;
    held.open(client, 'duration')(bytes);
    return client;
  });
  const refused = await get(`${V}/1/value/raw`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  for (const client of clients) client.emit('close');
  expect((await get(`${V}/1/value/raw`)).status).toBe(200);
  while (held.bytes !== 0) await new Promise(setImmediate);
});

test('many points keep nobody waiting: others are answered in between', async () => {
  await own(HEAT);
  await own(PLAIN);
  const order: string[] = [];
  const long = get(`${V}/2/value/heatmap/average?ndatapoints=3600&duration=100`).then(() =>
    order.push('long'),
  );
  const short = get(`${V}/1/value/raw?timeout=0`).then(() => order.push('short'));
  await Promise.all([long, short]);
  expect(order).toEqual(['short', 'long']);
});

test('requests beyond the limit of waiting ones are refused with a time to come back', async () => {
  await own(PLAIN, ['a']);
  const owned = aggregator.get('global;1');
  const many = Array.from({ length: LIMITS.waitingRequests }, () => owned!.waiting.until(NOW + 1, 5000));
  const refused = await get(`${V}/1/value/raw?start_time=${NOW + 1}`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  await Promise.all([
    aggregator.disable('global;1'),
    ...many.map((wait) => expect(wait).rejects.toThrow('any more')),
  ]);
});

test('trouble with the disk is in every value, and an answer from before it is not taken for the same', async () => {
  await own(PLAIN, ['n']);
  report(PLAIN, 'n', NOW - 1, { shape: 'number', number: 5 });
  const path = `${V}/1/value/raw?start_time=${NOW - 1}`;
  const before = await get(path);
  expect(before.body).not.toHaveProperty('disk');
  const trouble = { written: false, read: true, damaged_bytes: 0, reason: 'ENOSPC' };
  jest.spyOn(aggregator, 'diskTroubleOf').mockReturnValue(trouble);
  const after = await get(path, { headers: { 'If-None-Match': before.headers.get('ETag') ?? '' } });
  expect(after.body).toMatchObject({ value: 5, disk: trouble });
});
