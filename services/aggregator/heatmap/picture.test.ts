import { PNG } from 'pngjs';
import { LOG_GRID } from '../../../common/model/bucket';
import { fired } from '../../../common/service/testing/fake-probes';
import type * as FakeProbes from '../../../common/service/testing/fake-probes';
import type * as Probes from '../../../common/service/probes';
import { HEAT, NOW, V, pixel, serveValues } from '../testing/test-values';

jest.mock('../../../common/service/probes', () => {
  const real = jest.requireActual<typeof Probes>('../../../common/service/probes');
  const { watching } = jest.requireActual<typeof FakeProbes>('../../../common/service/testing/fake-probes');
  return { ...real, fire: real.fireThrough(watching) };
});

const values = serveValues();
const MS = LOG_GRID.bucketOf(1_000_000);

test('each drawing fires heatmap-start and heatmap-done; a picture that is still known is not drawn', async () => {
  fired.length = 0;
  await values.own(HEAT);
  const path = `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60`;
  for (let i = 0; i < 2; i++) await values.picture(path);
  const flight = fired[0]?.[1];
  expect(fired).toEqual([
    ['heatmap-start', flight, 'global;2'],
    ['heatmap-done', flight, 'global;2', expect.any(Number)],
  ]);
  expect(fired[1]?.[3]).toBeGreaterThan(50);
});

test('the image is the same as base64 in JSON, by Accept, and as image.png', async () => {
  await values.own(HEAT);
  values.reportDisks('a', NOW - 2, { sda: [MS, 10] });
  const path = `${V}/2/value/heatmap/image`;
  const query = `?start_time=${NOW - 11}&duration=10&width=100&height=50&nbuckets=5&ymax=5000000`;
  const { body } = await values.get(path + query);
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
    minreporting: 1,
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
  const accepted = await fetch(values.url(`${path}${query}`), {
    headers: { accept: 'image/png' },
  });
  expect(Buffer.from(await accepted.arrayBuffer()).equals(bytes)).toBe(true);
  const plain = await fetch(values.url(`${path}.png${query}`));
  expect(Buffer.from(await plain.arrayBuffer()).equals(bytes)).toBe(true);
  expect(plain.headers.get('x-ca-ymax')).toBe('5000000');
});

test('an answer that has not changed is 304 for whoever has its ETag', async () => {
  await values.own(HEAT);
  const path = `${V}/2/value/heatmap/image.png?start_time=${NOW - 60}&duration=60`;
  const first = await fetch(values.url(`${path}`));
  await first.arrayBuffer();
  const etag = first.headers.get('etag') ?? '';
  const again = (): Promise<Response> => fetch(values.url(`${path}`), { headers: { 'if-none-match': etag } });
  const second = await again();
  expect([second.status, await second.text(), second.headers.get('etag')]).toEqual([304, '', etag]);
  values.reportDisks('a', NOW - 5, { sda: [MS, 10] });
  expect((await again()).status).toBe(200);
});

test('an unchanged answer costs no picture; late data changes exactly the answers that it is in', async () => {
  await values.own(HEAT);
  values.reportDisks('a', NOW - 50, { sda: [MS, 10] });
  const tag = async (path: string): Promise<string | null> => {
    const res = await fetch(values.url(`${V}/2/value/${path}`));
    await res.arrayBuffer();
    return res.headers.get('etag');
  };
  const early = `heatmap/image.png?start_time=${NOW - 60}&duration=20`;
  const later = `heatmap/image.png?start_time=${NOW - 20}&duration=10`;
  const before = [await tag(early), await tag(later)];
  expect([await tag(early), await tag(later)]).toEqual(before);
  values.reportDisks('b', NOW - 15, { sda: [MS, 10] });
  expect(await tag(early)).toBe(before[0]);
  expect(await tag(later)).not.toBe(before[1]);
  expect(await tag(`raw?start_time=${NOW - 60}`)).not.toBe(await tag(`raw?start_time=${NOW - 59}`));
});

test('percentile lines are drawn where the percentiles are, and named in the reply', async () => {
  await values.own(HEAT);
  values.reportDisks('n', NOW - 2, { a: [LOG_GRID.bucketOf(10), 90, LOG_GRID.bucketOf(80), 10] });
  const query = `?start_time=${NOW - 3}&duration=3&width=30&height=100&nbuckets=100&ymax=100&percentiles=50,99`;
  const png = await values.picture(`${V}/2/value/heatmap/image.png${query}`);
  const dark: number[] = [];
  for (let y = 0; y < 100; y++) if (pixel(png, 15, y) === 0x202020) dark.push(y);
  // The median is 10 + 50/90 and p99 is 80 + 9/10; two pixels each.
  expect(dark).toEqual([19, 20, 89, 90]);
  for (let y = 0; y < 100; y++) expect(pixel(png, 5, y)).toBe(0xffffff);
  const { body } = await values.get(`${V}/2/value/heatmap/image${query}`);
  expect(body['percentiles']).toEqual([
    { percentile: 50, colour: '#202020' },
    { percentile: 99, colour: '#202020' },
  ]);
});
