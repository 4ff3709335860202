/*
 * What a screen asks of a heatmap: one answer with cells, axis, keys, percentiles and completeness, on any scale and
 * ground, alone or compared.
 */
import { request } from 'node:http';
import { PNG } from 'pngjs';
import { LOG_GRID } from '../../../common/model/bucket';
import { groundOf, hueOfKey } from '../../../common/model/hue';
import { HEAT, NOW, PLAIN, V, instrumentation, pixel, serveValues, type Json } from '../testing/test-values';

const values = serveValues();
const START = NOW - 62;
const IMAGE = `${V}/2/value/heatmap/image?start_time=${START}&duration=60&timeout=0&cells=true&scale=auto&theme=light&marks=true`;
const bucket = (value: number): number => LOG_GRID.bucketOf(value);

interface Answer extends Json {
  readonly width: number;
  readonly height: number;
  readonly axis: { scale: string; min: number; max: number; rows: number; edges?: number[] };
  readonly keys: { key: string; total: number; hue: number }[];
  readonly omitted: { keys: number; total: number };
  readonly percentiles: { percentile: number; all: number | null; values: (number | null)[] }[];
  readonly count: number;
  readonly below: number;
  readonly above: number;
  readonly rows: number[];
  readonly image: string;
  readonly versus: Answer;
  readonly difference: { image: string };
}

async function ask(more: string, path = IMAGE): Promise<Answer> {
  const { status, body } = await values.get(path + more);
  expect({ status, error: body['error'] }).toEqual({ status: 200, error: undefined });
  return body as unknown as Answer;
}

const decoded = (base64: string): PNG => PNG.sync.read(Buffer.from(base64, 'base64'));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test('an answer for 60 s of 10,000 keys has at most 15 KB, whatever is highlighted', async () => {
  await values.own(HEAT, ['a']);
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let second = 0; second < 60; second++) {
    const disks: Record<string, number[]> = {};
    for (let i = 0; i < 990; i++) {
      const at = bucket(10 ** (4 + random(500) / 100));
      disks[`process-${(second * 170 + i) % 10_000}`] = [at, 1 + random(1000)];
    }
    values.reportDisks('a', START + second, disks);
  }
  const asked = '&keys=100&percentiles=50,95,99';
  const selected = Array.from({ length: 11 }, (_, i) => `process-${5000 + 7 * i}`);
  for (const more of ['', `&selected=${selected.join()}`, '&decompose_all=true']) {
    const response = await fetch(values.url(IMAGE + asked + more));
    const { length } = await response.text();
    expect(response.status).toBe(200);
    expect(length).toBeLessThanOrEqual(15_000);
  }
  const { keys, omitted, ...rest } = await ask(asked);
  expect(keys).toHaveLength(100);
  expect(omitted.keys).toBe(10_000 - 100);
  expect(omitted.total + sum(keys.map(({ total }) => total))).toBe(rest['total']);
  expect(rest).not.toHaveProperty('present');
});

test('every count is in a row, below or above: none piles up at the rim, none vanishes untold', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { sda: [3, 5, bucket(1234), 7, bucket(7e6), 11, bucket(9e9), 2] });
  for (const more of [
    '&scale=linear',
    '&scale=log',
    '&scale=log&ymin=1000&ymax=10000000',
    '&ymin=1250&ymax=7050000',
  ]) {
    const { count, below, above, rows, axis } = await ask(more, IMAGE.replace('&scale=auto', ''));
    expect(count).toBe(25);
    expect(sum(rows) + below + above).toBeCloseTo(25, 1);
    expect(rows).toHaveLength(axis.rows);
  }
  const cut = await ask('&ymin=1000&ymax=10000000', IMAGE.replace('scale=auto', 'scale=log'));
  expect(cut).toMatchObject({ below: 5, above: 2 });
  expect(sum(cut.rows)).toBe(18);
});

test('a logarithmic axis has whole buckets as rows, and one pixel for each cell', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START + 3, { sda: [bucket(15_000), 1, bucket(3e8), 1] });
  const { axis, image, width, height } = await ask('', IMAGE.replace('scale=auto', 'scale=log'));
  expect(axis).toMatchObject({ scale: 'log', min: 10_000, max: 500_000_000 });
  expect([width, height]).toEqual([60, axis.rows]);
  const png = decoded(image);
  expect([png.width, png.height]).toEqual([60, axis.rows]);
  const dark: number[] = [];
  for (let y = 0; y < png.height; y++)
    if (pixel(png, 3, y) !== groundOf('light')) dark.push(axis.rows - 1 - y);
  const rowOf = (value: number): number => (axis.edges ?? []).findLastIndex((edge) => edge <= value);
  expect(dark.sort((a, b) => a - b)).toEqual([rowOf(15_000), rowOf(3e8)]);
});

test('the scale is logarithmic where a linear one would squeeze half of the counts into its lowest part', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { sda: [bucket(1000), 10, bucket(2000), 10] });
  expect((await ask('')).axis.scale).toBe('linear');
  values.reportDisks('a', START + 1, { sda: [bucket(1e8), 1] });
  expect((await ask('')).axis.scale).toBe('log');
});

test('an axis stays while it serves, grows when it must, and shrinks when most of it is empty', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { sda: [bucket(1000), 1] });
  const linear = IMAGE.replace('scale=auto', 'scale=linear');
  const top = async (before: string): Promise<number> => (await ask(before, linear)).axis.max;
  const fresh = await top('');
  expect(await top('&axis_before=0,2000')).toBe(2000);
  expect(await top('&axis_before=0,900')).toBe(fresh);
  expect(await top('&axis_before=0,100000')).toBe(fresh);
});

test('a key has its own hue, whatever its rank, and totals of the whole stretch', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { sda: [5, 1], sdb: [5, 10] });
  const before = await ask('&keys=10&selected=sda');
  values.reportDisks('a', START + 1, { sda: [5, 100], sdc: [7, 50] });
  const after = await ask('&keys=2&selected=sda');
  const hues = (answer: Answer): unknown => answer.keys.map(({ key, hue }) => [key, hue]);
  expect(hues(before)).toEqual([
    ['sdb', hueOfKey('sdb')],
    ['sda', hueOfKey('sda')],
  ]);
  expect(after.keys).toEqual([
    { key: 'sda', total: 101, hue: hueOfKey('sda') },
    { key: 'sdc', total: 50, hue: hueOfKey('sdc') },
  ]);
  expect(after.omitted).toEqual({ keys: 1, total: 10 });
  expect(after['legend']).toEqual([{ hue: 24 }, { key: 'sda', hue: hueOfKey('sda') }]);
});

test('keys are searched for by words, the selected ones are listed in any case', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { 'java -jar Big.jar': [5, 1], 'java -version': [5, 2], zsh: [5, 9] });
  const keys = async (more: string): Promise<string[]> => (await ask(more)).keys.map(({ key }) => key);
  expect(await keys('&keys=10&search=JAR+java')).toEqual(['java -jar Big.jar']);
  expect(await keys('&keys=10&search=version&selected=zsh')).toEqual(['zsh', 'java -version']);
  expect(await keys('&keys=1&selected=gone')).toEqual(['zsh', 'gone']);
});

test('percentiles come as numbers, by column and of all', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START, { sda: [5, 99], sdb: [bucket(1000), 1] });
  values.reportDisks('a', START + 2, { sda: [bucket(100), 50] });
  const { percentiles } = await ask('&percentiles=50,99.9');
  expect(percentiles[0]?.values.slice(0, 4)).toEqual([5.505, null, 105, null]);
  expect(percentiles[1]?.values[0]).toBeCloseTo(1090, 0);
  expect(percentiles[0]?.all).toBeCloseTo(5.758, 3);
  // Of what is drawn.
  const alone = await ask('&percentiles=50&selected=sdb&isolate=true');
  expect(alone.percentiles[0]?.values[0]).toBe(1050);
});

test('the ground says which seconds are incomplete, which have lost events, and which are unknown', async () => {
  await values.own({ ...HEAT, crtime: 1000 * (START + 9) }, ['a', 'b']);
  for (const node of ['a', 'b'])
    for (let second = START + 10; second < START + 60; second++)
      if (node === 'a' || second !== START + 30)
        values.report(
          HEAT,
          node,
          second,
          { shape: 'keyed-distribution', distributions: new Map() },
          second === START + 40 ? 3 : 0,
        );
  const grounds = async (theme: string): Promise<number[]> => {
    const png = decoded((await ask('', IMAGE.replace('theme=light', `theme=${theme}`))).image);
    return [50, 30, 40, 5].map((x) => pixel(png, x, 0));
  };
  for (const theme of ['light', 'dark', 'print'] as const) {
    const [complete, missing, lost, unknown] = await grounds(theme);
    expect(complete).toBe(groundOf(theme));
    expect(new Set([complete, missing, lost, unknown]).size).toBe(4);
  }
  const unmarked = decoded((await ask('', IMAGE.replace('&marks=true', ''))).image);
  expect(pixel(unmarked, 30, 0)).toBe(groundOf('light'));
});

test('columns of several seconds begin at whole ones, and hold the sum', async () => {
  await values.own(HEAT, ['a']);
  for (let second = 0; second < 60; second++) values.reportDisks('a', START + second, { sda: [5, 1] });
  const answer = await ask(
    '&column_seconds=10&percentiles=50',
    IMAGE.replace(`start_time=${START}`, `start_time=${START + 3}`).replace('duration=60', 'duration=37'),
  );
  const first = Math.floor((START + 3) / 10) * 10;
  expect(answer['start_time']).toBe(first);
  expect(Number(answer['duration']) % 10).toBe(0);
  expect(answer.width).toBe(Number(answer['duration']) / 10);
  const held = Math.min(first + Number(answer['duration']), START + 60) - Math.max(first, START);
  expect(answer.count).toBe(held);
});

test('a level is not added up within a column: it shows the mean', async () => {
  const level = instrumentation('2', {
    decomposition: ['disk', 'latency'],
    valueScope: 'point',
  });
  await values.own(level, ['a']);
  const value = { shape: 'keyed-distribution' as const, distributions: new Map([['sda', [5, 4]]]) };
  for (let second = 0; second < 60; second++) values.report(level, 'a', START + second, value);
  const answer = await ask('&column_seconds=2&keys=5&ymax=10');
  expect(sum(answer.rows) / answer.width).toBeCloseTo(4, 6);
  expect(answer.keys).toEqual([{ key: 'sda', total: 4, hue: hueOfKey('sda') }]);
});

test('another time is drawn on the same scale and axis; where nothing is known there is no difference', async () => {
  await values.own({ ...HEAT, crtime: 1000 * (START - 20) }, ['a']);
  const report = (second: number, disks: Record<string, number[]>): void =>
    values.reportDisks('a', second, disks);
  for (let second = START - 18; second < START + 60; second++) report(second, { sda: [bucket(1000), 10] });
  report(START + 60, {});
  const earlier = await ask(`&versus_seconds=30&keys=5`);
  expect(earlier.versus['start_time']).toBe(START - 30);
  const [own, other, differing] = [earlier.image, earlier.versus.image, earlier.difference.image].map(
    decoded,
  );
  const column = (png: PNG, x: number): number[] =>
    Array.from({ length: png.height }, (_, y) => pixel(png, x, y));
  // Equal counts: equal colours in both, and the ground in the difference.
  expect(column(other!, 50)).toEqual(column(own!, 50));
  expect(new Set(column(differing!, 50))).toEqual(new Set([groundOf('light')]));
  // Twelve seconds of the other side were before the question.
  const unknown = new Set(column(differing!, 5));
  expect(unknown.size).toBe(1);
  expect(unknown).not.toEqual(new Set([groundOf('light')]));
});

test('another instrumentation of the same scope is compared; less and more have colours of their own', async () => {
  const other = instrumentation('3', { decomposition: ['latency'] });
  await values.own(HEAT, ['a']);
  await values.own(other, ['a']);
  values.reportDisks('a', START + 5, { sda: [bucket(2000), 10] });
  values.report(other, 'a', START + 5, {
    shape: 'distribution',
    distribution: [bucket(2000), 4, bucket(90_000), 8],
  });
  const answer = await ask('&versus_id=3', IMAGE.replace('scale=auto', 'scale=log'));
  expect(answer.axis.max).toBeGreaterThanOrEqual(90_000);
  const png = decoded(answer.difference.image);
  const colours = new Set<number>();
  for (let y = 0; y < png.height; y++) colours.add(pixel(png, 5, y));
  colours.delete(groundOf('light'));
  const [more, less] = [...colours].sort((a, b) => (b >>> 16) - (a >>> 16));
  expect((more! >>> 16) - (more! & 0xff)).toBeGreaterThan(30); // warm
  expect((less! & 0xff) - (less! >>> 16)).toBeGreaterThan(30); // cool
  // As a picture of its own.
  const alone = await values.picture(`${IMAGE}&versus_id=3&show=difference`.replace('image?', 'image.png?'));
  expect(alone.width).toBe(60);
});

test('what is compared decides whether an answer is still the same', async () => {
  const other = instrumentation('3', { decomposition: ['latency'] });
  await values.own(HEAT, ['a']);
  await values.own(other, ['a']);
  const url = values.url(`${IMAGE}&versus_id=3`);
  const etag = (await fetch(url)).headers.get('etag') ?? '';
  const again = async (): Promise<number> =>
    (await fetch(url, { headers: { 'if-none-match': etag } })).status;
  expect(await again()).toBe(304);
  values.report(other, 'a', START + 5, { shape: 'distribution', distribution: [5, 1] });
  expect(await again()).toBe(200);
});

test('details of a cell name its largest keys, and what else its seconds hold', async () => {
  await values.own(HEAT, ['a']);
  values.reportDisks('a', START + 3, { sda: [bucket(15_000), 3, bucket(3e8), 1], sdb: [bucket(15_000), 5] });
  const { axis } = await ask('', IMAGE.replace('scale=auto', 'scale=log'));
  const row = (axis.edges ?? []).findLastIndex((edge) => edge <= 15_000);
  const query = `&x=3&y=${axis.rows - 1 - row}&ymin=${axis.min}&ymax=${axis.max}&keys=1&percentiles=50`;
  const path = IMAGE.replace('image?', 'details?').replace('scale=auto', 'scale=log');
  const { status, body } = await values.get(path + query);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    bucket_time: START + 3,
    bucket_duration: 1,
    total: 8,
    keys: [{ key: 'sdb', total: 5, hue: hueOfKey('sdb') }],
    omitted: { keys: 1, total: 3 },
    column: { total: 9 },
  });
  const column = body['column'] as { rows: number[]; percentiles: number[] };
  expect(column.rows).toHaveLength(axis.rows);
  expect(sum(column.rows)).toBe(9);
  expect(column.percentiles[0]).toBeGreaterThan(15_000);
});

test.each([
  ['scale=cubic', 'scale'],
  ['theme=neon', 'theme'],
  ['column_seconds=0', 'column_seconds'],
  ['column_seconds=1e9', 'column_seconds'],
  ['keys=1001', 'keys'],
  ['keys=-1', 'keys'],
  [`search=${'x'.repeat(101)}`, 'search'],
  ['axis_before=5', 'axis_before'],
  ['axis_before=5,5', 'axis_before'],
  ['axis_before=1,2,3', 'axis_before'],
  ['versus_seconds=0', 'versus_seconds'],
  ['versus_seconds=99999999', 'versus_seconds'],
  ['versus_id=x', 'versus_id'],
  ['versus_id=3&versus_seconds=5', 'versus_id'],
  ['show=nothing', 'show'],
])('%s is refused by name', async (query, field) => {
  await values.own(HEAT, ['a']);
  const { status, body } = await values.get(`${IMAGE.replace(/&(scale|theme)=\w+/g, '')}&${query}`);
  expect({ status, field: (body['error'] as Json)['field'] }).toEqual({ status: 400, field });
});

test('what cannot be compared says why', async () => {
  await values.own(HEAT, ['a']);
  await values.own(PLAIN, ['a']);
  await values.own(instrumentation('4', { decomposition: ['size'], fields: { size: 'size' } }), ['a']);
  const error = async (more: string): Promise<unknown> => (await values.get(IMAGE + more)).body['error'];
  for (const id of [1, 4]) expect(await error(`&versus_id=${id}`)).toMatchObject({ field: 'versus_id' });
  expect(await error('&versus_id=99')).toMatchObject({ code: 'NOT_FOUND' });
  const { body } = await values.get(`${IMAGE}&show=other`.replace('image?', 'image.png?'));
  expect(body['error']).toMatchObject({ field: 'show' });
});

test('a picture of one pixel for each cell has no more columns than a picture may have pixels', async () => {
  await values.own({ ...HEAT, retentionTime: 3600 }, ['a']);
  const { status, body } = await values.get(
    IMAGE.replace(/start_time=\d+/, `start_time=${NOW - 3600}`).replace('duration=60', 'duration=3500'),
  );
  expect(status).toBe(400);
  expect(body['error']).toMatchObject({ field: 'column_seconds' });
});

/** As the front door asks: GET with a body, which fetch refuses to send. */
function askWith(path: string, method: string, json: unknown): Promise<{ status: number; body: Json }> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify(json));
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const asked = request(values.url(path), { method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          body: JSON.parse(Buffer.concat(pieces).toString()) as Json,
        });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const COLUMNS = `${V}/3/value/heatmap/columns`;
const PARAMETERS = Object.fromEntries(new URLSearchParams(IMAGE.slice(IMAGE.indexOf('?') + 1)));

test.each(['', '&column_seconds=5', '&selected=sda', '&decompose_all=true&keys=5'])(
  'what another aggregator has counted is painted as if it were here%s',
  async (more) => {
    const other = instrumentation('3', { decomposition: ['disk', 'latency'] });
    await values.own({ ...HEAT, crtime: 0 }, ['a']);
    await values.own({ ...other, crtime: 1000 * (START + 20) }, ['a']);
    for (let second = 0; second < 61; second++) {
      values.reportDisks('a', START + second, { sda: [bucket(2000), 10], sdb: [bucket(2e6), 1 + second] });
      const distributions = new Map([
        ['sda', [bucket(2000), 4, bucket(90_000), 8]],
        ['sdc', [bucket(5e7), 1 + (second % 7)]],
      ]);
      if (second >= 25)
        values.report(other, 'a', START + second, { shape: 'keyed-distribution', distributions });
    }
    const parameters = { ...PARAMETERS, ...Object.fromEntries(new URLSearchParams(more)) };
    const here = await ask(`${more}&versus_id=3`);
    const columns = await askWith(COLUMNS, 'POST', { column_seconds: 1, ...parameters });
    expect(columns.status).toBe(200);
    const there = await askWith(IMAGE + more + '&versus_id=3', 'GET', { versus_columns: columns.body });
    expect(there.status).toBe(200);
    expect(there.body).toEqual({ ...here, versus: { ...here.versus, delay: undefined } });
  },
);

test.each([
  ['a text', 'x'],
  ['nothing of it', {}],
  ['no columns', { type: 'time', start_time: START, duration: 60, completeness: [], columns: 5 }],
  ['buckets beyond the grid', { columns: [[START, [['a', [1e9, 1]]]]] }],
  ['counts below nothing', { columns: [[START, [['a', [5, -1]]]]] }],
  ['keys that are none', { columns: [[START, [[5, [5, 1]]]]] }],
  ['more keys than hues', { columns: [[START, Array.from({ length: 65 }, (_, i) => [`k${i}`, [5, 1]])]] }],
  ['more columns than pixels', { columns: Array.from({ length: 2001 }, (_, i) => [START + i, []]) }],
  ['times that are none', { start_time: -1 }],
  ['runs that are none', { completeness: [{ time: 'x' }] }],
  ['values of another kind', { type: 'size' }],
])('columns that a client makes up are refused: %s', async (_, made) => {
  await values.own(HEAT, ['a']);
  const whole = { type: 'time', start_time: START, duration: 60, completeness: [], columns: [] };
  const columns = typeof made === 'string' || Object.keys(made).length === 0 ? made : { ...whole, ...made };
  const { status } = await askWith(`${IMAGE}&versus_id=3`, 'GET', { versus_columns: columns });
  expect(status).toBe(400);
});
