import { PNG } from 'pngjs';
import { startKnownCalls, type KnownCalls } from '../testing/known-calls';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const NAME = 'ca-first-light';
const QUESTION = {
  module: 'syscall',
  stat: 'syscalls',
  predicate: { and: [{ eq: ['execname', NAME] }, { eq: ['syscall', 'getppid'] }] },
};

let stack: TestStack;
let workload: KnownCalls;

beforeAll(async () => {
  stack = await startTestStack({ aggregators: 2 });
  workload = await startKnownCalls(NAME);
});
afterAll(async () => {
  await workload?.end();
  await stack?.stop();
});

interface Raw {
  readonly value: unknown;
  readonly start_time: number;
  readonly duration: number;
  readonly nsources: number;
  readonly minreporting: number;
  readonly lost: number;
}

/** The value of all seconds from `start` on, once the last of them is complete. */
async function rawSince(uri: string, start: number, end: number): Promise<Raw> {
  return until('complete seconds', 20_000, async () => {
    if (Date.now() / 1000 < end + 1) return undefined;
    const raw = await stack.get<Raw>(
      `${uri}/value/raw?start_time=${start}&duration=${end - start}&timeout=3000`,
    );
    return raw.minreporting >= 1 ? raw : undefined;
  });
}

/** Makes the calls in whole seconds of its own, and says which seconds hold them. */
async function burst(counts: readonly number[]): Promise<{ start: number; end: number }> {
  const start = Math.floor(Date.now() / 1000);
  for (const count of counts) {
    const second = Math.floor(Date.now() / 1000);
    await workload.make(count);
    await until(
      'the next second',
      5000,
      () => (Math.floor(Date.now() / 1000) > second ? true : undefined),
      20,
    );
  }
  return { start, end: Math.ceil(Date.now() / 1000) + 1 };
}

const secondsLater = (uri: string): Promise<boolean> =>
  until('the first second', 20_000, async () => {
    const raw = await stack.get<Raw>(`${uri}/value/raw`);
    return raw.minreporting >= 1 ? true : undefined;
  });

test('a known number of system calls is found exactly in the raw value', async () => {
  const uri = await stack.create(QUESTION);
  await secondsLater(uri);
  const { start, end } = await burst([1000, 1, 2345]);
  const raw = await rawSince(uri, start, end);
  expect(raw).toMatchObject({ value: 3346, nsources: 1, minreporting: 1, lost: 0 });
});

test('broken down by process, the same number stands beside the right name', async () => {
  const uri = await stack.create({
    ...QUESTION,
    predicate: { eq: ['syscall', 'getppid'] },
    decomposition: ['execname'],
  });
  await secondsLater(uri);
  const { start, end } = await burst([777]);
  const raw = await rawSince(uri, start, end);
  expect((raw.value as Record<string, number>)[NAME]).toBe(777);
});

test('broken down by latency, the counts of all buckets and the pixels of the picture add up to it', async () => {
  const uri = await stack.create({ ...QUESTION, decomposition: ['latency'] });
  await secondsLater(uri);
  const counts = [100, 50, 20];
  const { start, end } = await burst(counts);
  const raw = await rawSince(uri, start, end);
  const ranges = raw.value as [[number, number], number][];
  expect(ranges.reduce((sum, [, n]) => sum + n, 0)).toBe(170);
  for (const [[lo, hi]] of ranges) expect(lo).toBeLessThanOrEqual(hi);

  // One bucket as high as the picture: a column is a second, its colour says how many. With linear shading the
  // saturation of a cell is 0.9 × count / largest count.
  const width = (end - start) * 10;
  const path =
    `${uri}/value/heatmap/image.png?start_time=${start}&duration=${end - start}` +
    `&nbuckets=1&ymin=0&ymax=1000000000000&width=${width}&height=10&coloring=linear`;
  const { headers, bytes } = await stack.bytes(path);
  expect(headers.get('content-type')).toBe('image/png');
  const png = PNG.sync.read(bytes);
  expect([png.width, png.height]).toEqual([width, 10]);
  const saturations: number[] = [];
  for (let x = 5; x < width; x += 10) {
    const at = (5 * png.width + x) * 4;
    const [r = 0, g = 0, b = 0] = png.data.subarray(at, at + 3);
    saturations.push((Math.max(r, g, b) - Math.min(r, g, b)) / Math.max(r, g, b));
  }
  const largest = Math.max(...saturations);
  expect(largest).toBeCloseTo(0.9, 1);
  const perSecond: number[] = [];
  for (let second = start; second < end; second++) {
    const one = await stack.get<Raw>(`${uri}/value/raw?start_time=${second}&duration=1`);
    perSecond.push((one.value as [unknown, number][]).reduce((sum, [, n]) => sum + n, 0));
  }
  const seen = saturations.map((s) => Math.round((s / largest) * Math.max(...perSecond)));
  expect(seen).toEqual(perSecond);
  expect(seen.reduce((sum, n) => sum + n, 0)).toBe(170);
});

test('a second question beside it gets its own numbers, and deleting one leaves the other alone', async () => {
  const [one, two] = [
    await stack.create(QUESTION),
    await stack.create({ ...QUESTION, predicate: { eq: ['execname', 'nobody'] } }),
  ];
  await secondsLater(one);
  await secondsLater(two);
  expect((await stack.ask('DELETE', two)).status).toBe(204);
  expect((await stack.ask('GET', two)).status).toBe(404);
  const { start, end } = await burst([55]);
  expect((await rawSince(one, start, end)).value).toBe(55);
});

test('instrumentations survive the config service being killed', async () => {
  const before = (await stack.get<{ id: string }[]>('/ca/instrumentations')).map((i) => i.id);
  expect(before.length).toBeGreaterThan(0);
  const { pid } = stack.config;
  process.kill(pid, 'SIGKILL');
  const after = await until('the config service', 30_000, async () =>
    stack.config.pid === pid ? undefined : stack.get<{ id: string }[]>('/ca/instrumentations'),
  );
  expect(after.map((i) => i.id)).toEqual(before);
  const uri = `/ca/instrumentations/${before[0] ?? ''}`;
  await until('values again', 30_000, async () => {
    const { status, body } = await stack.ask('GET', `${uri}/value/raw`);
    return status === 200 && (body as Raw).minreporting >= 1 ? true : undefined;
  });
});
