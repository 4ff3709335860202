/*
 * The contract of the original's documentation about values, one case for each row of its tables of intervals, value
 * resources and heatmap options. Wrong values are in interval.test.ts and heatmap/options.test.ts.
 */
import { LOG_GRID } from '../../../common/model/bucket';
import { LIMITS } from '../../../common/service/limits';
import { HEAT, NOW, PLAIN, V, instrumentation, pixel, serveValues, type Json } from '../testing/test-values';
import { EXPLAIN_WAIT_MS } from './answer';

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);
const HEATMAP = ['image', 'details', 'average', 'percentile'];
/** What these cannot do without. */
const NEEDED: Readonly<Record<string, string>> = { details: 'x=0&y=0&ymax=10', percentile: 'percentile=0.5' };

describe('intervals', () => {
  test.each([
    ['raw', 1],
    ['heatmap/image', 60],
    ['heatmap/details', 60],
    ['heatmap/average', 1],
    ['heatmap/percentile', 1],
  ])('%s: %i s when nothing is said, up to the last whole second', async (path, duration) => {
    await values.own(HEAT);
    const needed = NEEDED[path.replace('heatmap/', '')] ?? '';
    expect((await values.get(`${V}/2/value/${path}?${needed}`)).body).toMatchObject({
      start_time: NOW - 1 - duration,
      duration,
      end_time: NOW - 1,
      requested_start_time: NOW - 1 - duration,
      requested_duration: duration,
      requested_end_time: NOW - 1,
    });
  });

  test.each([
    ['duration alone', 'duration=7', NOW - 8, 7],
    ['start alone', `start_time=${NOW - 9}`, NOW - 9, 1],
    ['end alone', `end_time=${NOW - 9}`, NOW - 10, 1],
    ['end and duration', `end_time=${NOW - 9}&duration=5`, NOW - 14, 5],
    ['start and duration', `start_time=${NOW - 9}&duration=5`, NOW - 9, 5],
    ['start and end', `start_time=${NOW - 9}&end_time=${NOW - 5}`, NOW - 9, 4],
    ['all three', `start_time=${NOW - 9}&end_time=${NOW - 5}&duration=4`, NOW - 9, 4],
    ['the longest', 'duration=3600', NOW - 3601, 3600],
    ['the beginning of time', 'start_time=0', 0, 1],
    ['now, with time to wait for it', `end_time=${NOW + 1}&timeout=1000`, NOW, 1],
  ])('%s', async (_name, query, start, duration) => {
    await values.own(PLAIN);
    expect((await values.get(`${V}/1/value/raw?${query}`)).body).toMatchObject({
      start_time: start,
      duration,
      end_time: start + duration,
    });
  });

  test('ndatapoints: that many, and a list even of one', async () => {
    await values.own(PLAIN);
    for (const count of [1, 2, LIMITS.valuePointsMax]) {
      expect((await values.get(`${V}/1/value/raw?ndatapoints=${count}`)).body).toHaveLength(count);
    }
  });

  test('what is older than the retention is zero, and no error', async () => {
    await values.own(PLAIN);
    values.report(PLAIN, 'a', NOW - 2, { shape: 'number', number: 5 });
    values.now += 1000 * (PLAIN.retentionTime + 5);
    values.aggregator.tick();
    const { status, body } = await values.get(`${V}/1/value/raw?start_time=${NOW - 2}`);
    expect([status, body]).toMatchObject([200, { value: 0, minreporting: 0 }]);
  });

  test('a transformation that fails explains nothing, and the value comes all the same', async () => {
    await values.own(HEAT);
    values.reportDisks('a', NOW - 2, { sda: [MS, 1] });
    const { status, body } = await values.get(`${V}/2/value/raw?transformations=broken,shout`);
    expect([status, body]).toMatchObject([
      200,
      {
        value: { sda: [[[1_000_000, 1_099_999], 1]] },
        transformations: { broken: {}, shout: { sda: 'SDA' } },
      },
    ]);
  });
});

test('transformations of a hundred points wait no longer than those of one', async () => {
  await values.own(HEAT);
  const began = performance.now();
  const { status } = await values.get(`${V}/2/value/raw?transformations=slow&ndatapoints=100`);
  expect(status).toBe(200);
  // A hundred times: 20 s.
  expect(performance.now() - began).toBeLessThan(50 * EXPLAIN_WAIT_MS);
});

describe('resources', () => {
  const SHAPES = [
    ['scalar', [], false],
    ['discrete', ['disk'], false],
    ['numeric', ['latency'], true],
    ['both', ['disk', 'latency'], true],
  ] as const;

  test.each(SHAPES)('of a %s instrumentation', async (_name, decomposition, numeric) => {
    await values.own(instrumentation('5', { decomposition }));
    const path = `${V}/5/value`;
    expect((await values.get(`${path}/raw`)).status).toBe(200);
    const names = ((await values.get(path)).body as unknown as Json[]).map(({ name }) => name);
    expect(names).toEqual(numeric ? ['value_raw', 'value_heatmap'] : ['value_raw']);
    expect((await values.get(`${path}/heatmap`)).status).toBe(numeric ? 200 : 404);
    for (const name of HEATMAP) {
      const { status } = await values.get(`${path}/heatmap/${name}?${NEEDED[name] ?? ''}`);
      expect([name, status]).toEqual([name, numeric ? 200 : 404]);
    }
  });

  test.each([
    ['raw', ['value', 'transformations']],
    ['heatmap/image', ['nbuckets', 'width', 'height', 'ymin', 'ymax', 'present', 'transformations', 'image']],
    [
      'heatmap/details',
      ['nbuckets', 'width', 'height', 'bucket_time', 'bucket_ymin', 'bucket_ymax', 'present', 'total'],
    ],
    ['heatmap/average', ['nbuckets', 'width', 'height', 'average']],
    ['heatmap/percentile', ['nbuckets', 'width', 'height', 'percentile']],
  ])('%s has its properties, with and without a slash at the end', async (path, properties) => {
    await values.own(HEAT);
    const needed = NEEDED[path.replace('heatmap/', '')] ?? '';
    for (const slash of ['', '/']) {
      const { body } = await values.get(`${V}/2/value/${path}${slash}?${needed}`);
      for (const property of [...properties, 'nsources', 'minreporting'])
        expect(body).toHaveProperty(property);
    }
  });
});

describe('heatmap options', () => {
  const image = (query: string): ReturnType<typeof values.get> =>
    values.get(`${V}/2/value/heatmap/image?${query}`);

  test('the defaults', async () => {
    await values.own(HEAT);
    expect((await image('')).body).toMatchObject({
      width: 600,
      height: 300,
      nbuckets: 100,
      ymin: 0,
      ymax: 0,
    });
  });

  // The first two are the original's limits and ours.
  test.each([
    ['width', [10, 1000, LIMITS.imagePixelsMax], [9, LIMITS.imagePixelsMax + 1]],
    ['height', [10, 1000, LIMITS.imagePixelsMax], [9, LIMITS.imagePixelsMax + 1]],
    ['nbuckets', [1, 100, LIMITS.imageBuckets], [0, LIMITS.imageBuckets + 1]],
    ['ymin', [0, 1e12], [-1]],
    ['ymax', [1, 1e12], [0, -1]],
  ] as const)('%s', async (name, possible, impossible) => {
    await values.own(HEAT);
    for (const number of possible) {
      expect(await image(`${name}=${number}`)).toMatchObject({ status: 200, body: { [name]: number } });
    }
    for (const number of impossible) expect((await image(`${name}=${number}`)).status).toBe(400);
  });

  test('hues: one for each selected key, and one for the rest unless isolated; more are fine', async () => {
    await values.own(HEAT);
    const legend = async (query: string): Promise<unknown> => (await image(query)).body['legend'];
    expect(await legend('selected=a&hues=1,2')).toEqual([{ hue: 1 }, { key: 'a', hue: 2 }]);
    expect(await legend('selected=a&hues=1,2,3,4')).toEqual([{ hue: 1 }, { key: 'a', hue: 2 }]);
    expect(await legend('selected=a&isolate=true&hues=1')).toEqual([{ key: 'a', hue: 1 }]);
    expect((await image('selected=a&hues=1')).status).toBe(400);
  });

  test('weights=weight: a count of long ones is darker than the same count of short ones', async () => {
    await values.own(HEAT);
    values.reportDisks('a', NOW - 2, { sda: [MS, 10, LOG_GRID.bucketOf(4_000_000), 10] });
    const rows = async (weights: string): Promise<number[]> => {
      const size = 'width=10&height=50&nbuckets=5&ymax=5000000&coloring=linear&duration=1';
      const png = await values.picture(`${V}/2/value/heatmap/image.png?${size}&weights=${weights}`);
      return [pixel(png, 5, 35), pixel(png, 5, 5)];
    };
    const [short, long] = await rows('count');
    expect(short).toBe(long);
    const [lighter, darker] = (await rows('weight')).map((colour) => (colour >> 8) & 0xff) as [
      number,
      number,
    ];
    expect(lighter).toBeGreaterThan(darker);
  });

  test('isolate without a key is an empty picture', async () => {
    await values.own(HEAT);
    values.reportDisks('a', NOW - 2, { sda: [MS, 10] });
    const png = await values.picture(`${V}/2/value/heatmap/image.png?isolate=true&width=10&height=10`);
    for (let at = 0; at < 100; at++) expect(pixel(png, at % 10, Math.floor(at / 10))).toBe(0xffffff);
  });
});
