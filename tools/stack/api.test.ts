/*
 * The API as its documentation walks through it, on the real stack, with every answer held against its description:
 * first the original's own example, then each resource of values once in each of its forms.
 */
import { PNG } from 'pngjs';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack({ hosts: ['headnode'], sources: ['synthetic'] });
});
afterAll(() => stack?.stop());

interface Raw {
  readonly value: unknown;
  readonly start_time: number;
  readonly minreporting: number;
}

const firstValue = (uri: string): Promise<Raw> =>
  until('a value', 30_000, async () => {
    const raw = await stack.get<Raw>(`${uri}/value/raw`);
    return raw.minreporting === 1 ? raw : undefined;
  });

test('the documented walk-through: describe, ask, read, change, clone, delete', async () => {
  const { metrics, fields, types } = await stack.get<{
    metrics: { module: string; stat: string; fields: string[] }[];
    fields: Record<string, { label: string; type: string }>;
    types: Record<string, { arity: string }>;
  }>('/ca');
  const metric = metrics.find(({ module, stat }) => module === 'disk' && stat === 'physio_ops');
  expect(metric?.fields).toEqual(expect.arrayContaining(['hostname', 'disk']));
  expect(types[fields['disk']?.type ?? '']).toMatchObject({ arity: 'discrete' });
  for (const path of ['metrics', 'types', 'transformations', 'admin/status']) await stack.get(`/ca/${path}`);

  const predicate = { eq: ['hostname', 'headnode'] };
  const { status, body } = await stack.ask('POST', '/ca/instrumentations', {
    module: 'disk',
    stat: 'physio_ops',
    granularity: 1,
    'retention-time': 600,
    predicate,
    decomposition: ['disk'],
  });
  expect([status, body]).toMatchObject([
    201,
    { predicate, 'value-dimension': 2, 'value-arity': 'discrete-decomposition', 'retention-time': 600 },
  ]);
  const { uri } = body as { uri: string };
  const raw = await firstValue(uri);
  expect(raw).toMatchObject({
    transformations: {},
    duration: 1,
    nsources: 1,
    minreporting: 1,
    requested_start_time: raw.start_time,
    requested_duration: 1,
    requested_end_time: raw.start_time + 1,
  });
  for (const [disk, count] of Object.entries(raw.value as object)) {
    expect([disk, Number.isInteger(count)]).toEqual([disk, true]);
  }

  expect((await stack.ask('PUT', uri, { 'idle-max': 60 })).body).toMatchObject({ 'idle-max': 60 });
  const copy = (await stack.ask('POST', `${uri}/clone`, {})).body as { uri: string };
  const list = (await stack.get<{ uri: string }[]>('/ca/instrumentations')).map((one) => one.uri);
  expect(list).toEqual([uri, copy.uri]);
  for (const each of list) expect((await stack.ask('DELETE', each)).status).toBe(204);
  for (const path of [uri, `${uri}/value/raw`]) expect((await stack.ask('GET', path)).status).toBe(404);
});

test('every resource of values answers as it is described', async () => {
  const uri = await stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition: ['execname', 'latency'],
  });
  await firstValue(uri);
  const heat = `${uri}/value/heatmap`;
  const names = async (path: string): Promise<string[]> =>
    (await stack.get<{ name: string }[]>(path)).map(({ name }) => name);
  expect(await names(`${uri}/value`)).toEqual(['value_raw', 'value_heatmap']);
  expect(await names(heat)).toEqual(['image', 'details', 'average', 'percentile']);
  const { value } = await firstValue(uri);
  const [key = ''] = Object.keys(value as object);
  const long = 'duration=5&timeout=1000';
  for (const query of [
    long,
    `${long}&ndatapoints=2&width=100&height=50`,
    `${long}&selected=${encodeURIComponent(key)}&coloring=log&weights=weight&hues=21,200`,
    `${long}&selected=${encodeURIComponent(key)}&isolate=true&coloring=linear`,
    `${long}&selected=${encodeURIComponent(key)}&exclude=true&nbuckets=50`,
    `${long}&decompose_all=true&percentiles=50,99`,
  ]) {
    await stack.get(`${heat}/image?${query}`);
  }
  const image = await stack.get<{ ymax: number; image: string }>(`${heat}/image?${long}`);
  const { width, height } = PNG.sync.read(Buffer.from(image.image, 'base64'));
  expect([width, height]).toEqual([600, 300]);
  await stack.get(`${heat}/details?${long}&x=300&y=299&ymax=${image.ymax}`);
  const { average } = await stack.get<{ average: unknown[] }>(`${heat}/average?${long}`);
  const { percentile } = await stack.get<{ percentile: unknown[] }>(
    `${heat}/percentile?${long}&percentile=0.99`,
  );
  expect([average.length, percentile.length]).toEqual([5, 5]);
  expect((await stack.ask('GET', `${heat}/image?width=5`)).status).toBe(400);

  // What is over does not change: who has it, needs it no more. Pictures too, compressed or not.
  const closed = `start_time=${(await firstValue(uri)).start_time - 1}&duration=1`;
  for (const path of [
    `${uri}/value/raw?${closed}`,
    `${heat}/image?${closed}`,
    `${heat}/image.png?${closed}`,
  ]) {
    const whole = await fetch(new URL(path, stack.url), { headers: { 'accept-encoding': 'gzip' } });
    const etag = whole.headers.get('etag') ?? '';
    expect([whole.status, etag]).toEqual([200, expect.stringMatching(/^W\/"/)]);
    await whole.arrayBuffer();
    const again = await fetch(new URL(path, stack.url), { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  }
});
