import fc from 'fast-check';
import { LOG_GRID } from '../../../common/model/bucket';
import { HEAT, NOW, V, instrumentation, pixel, serveValues, type Json } from '../testing/test-values';

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);

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
  await values.own(HEAT);
  const { status, body } = await values.get(`${V}/2/value/heatmap/${path}?${query}`);
  expect([status, (body['error'] as Json)['field']]).toEqual([400, field]);
});

test('decompose_all with too few hues goes on with more of them', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, { a: [MS, 1], b: [MS, 1], c: [MS, 1] });
  const { body } = await values.get(`${V}/2/value/heatmap/image?decompose_all=true&hues=100`);
  const legend = body['legend'] as { key?: string; hue: number }[];
  expect(legend.map(({ key }) => key)).toEqual([undefined, 'a', 'b', 'c']);
  expect(new Set(legend.map(({ hue }) => hue)).size).toBe(4);
});

test('a picture that would not fit into memory is refused, or drawn with fewer hues', async () => {
  await values.own(instrumentation('9', { decomposition: ['disk', 'latency'], retentionTime: 3600 }));
  const size = 'duration=3600&width=2000&height=400&nbuckets=200';
  const selected = Array.from({ length: 10 }, (_, i) => `k${i}`).join();
  const refused = await values.get(`${V}/9/value/heatmap/image?${size}&selected=${selected}`);
  expect([refused.status, (refused.body['error'] as Json)['field']]).toEqual([400, 'selected']);
  expect((await values.get(`${V}/9/value/heatmap/image?${size}&decompose_all=true`)).status).toBe(200);
});

test('a selected key has its own hue; isolate draws only it, exclude only the rest', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, { a: [MS, 10], b: [LOG_GRID.bucketOf(3_000_000), 10] });
  const base = `${V}/2/value/heatmap/image.png?start_time=${NOW - 2}&duration=1&width=10&height=50&nbuckets=5&ymax=5000000&coloring=linear`;
  const colours = async (more: string): Promise<number[]> => {
    const png = await values.picture(base + more);
    return [pixel(png, 5, 35), pixel(png, 5, 15)];
  };
  const [orange, blue, white] = [0xf26518, 0x189ff2, 0xffffff];
  expect(await colours('')).toEqual([orange, orange]);
  expect(await colours('&selected=b&hues=21,203')).toEqual([orange, blue]);
  expect(await colours('&selected=b&isolate=true')).toEqual([white, blue]);
  expect(await colours('&selected=b&exclude=true')).toEqual([orange, white]);
});

test('a list may be given as the parameter several times', async () => {
  await values.own(HEAT);
  const { body } = await values.get(
    `${V}/2/value/heatmap/image?selected=a&selected=b,c&hues=1&hues=2&hues=3`,
  );
  expect(body['legend']).toEqual([{ hue: 1 }, { key: 'a', hue: 2 }, { key: 'b,c', hue: 3 }]);
});

test('no combination of parameters is answered with a server error, and errors name what was sent', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, { sda: [MS, 1] });
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
      const url = values.url(
        `${V}/2/value/${where}?${String(new URLSearchParams({ timeout: '0', ...parameters }))}`,
      );
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
