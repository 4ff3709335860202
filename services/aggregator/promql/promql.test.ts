import { fqid, type Instrumentation } from '../../../common/model/instrumentation';
import { LOG_GRID } from '../../../common/model/bucket';
import { HEAT, instrumentation, NOW, PLAIN, serveValues } from '../testing/test-values';

const values = serveValues();
const NAME = 'ca_disk_physio_ops_latency_seconds';
const LATENCY = instrumentation('3', { decomposition: ['latency'] });

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: string[];
  readonly infos?: string[];
  readonly data?: { readonly resultType: string; readonly result: Item[] };
}
interface Item {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
  readonly histograms?: [
    number,
    { count: string; sum: string; buckets: [number, string, string, string][] },
  ][];
}

async function ask(
  query: string,
  change: {
    of?: Instrumentation[];
    start?: number;
    end?: number;
    step?: number;
    instant?: boolean;
    want?: string;
    timeoutMs?: number;
  } = {},
): Promise<{ status: number; body: Answer }> {
  const {
    of = [HEAT, PLAIN, LATENCY],
    start = NOW - 10,
    end = NOW,
    step = 1,
    instant = false,
    want = 'answer',
    timeoutMs = 10_000,
  } = change;
  const body = {
    want,
    query,
    matches: want === 'series' ? [query] : [],
    instant,
    timeoutMs,
    numbers: 600_000,
    times: { start: start * 1000, step: step * 1000, count: Math.floor((end - start) / step) + 1 },
    instrumentations: of.map(fqid),
  };
  const { status, body: answer } = await values.get('/ca/prometheus', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status, body: answer as unknown as Answer };
}

/** Seconds NOW-10 … NOW-6 of one node: i counts in the bucket of 1 ms for sda, one of 20 ms for sdb in the first. */
async function fill(): Promise<void> {
  await values.own(HEAT, ['a']);
  const [fast, slow] = [LOG_GRID.bucketOf(1_000_000), LOG_GRID.bucketOf(20_000_000)];
  for (let i = 0; i < 5; i++) {
    values.reportDisks('a', NOW - 10 + i, { sda: [fast, i + 1], ...(i === 0 ? { sdb: [slow, 1] } : {}) });
  }
}

test('each second is a sparse histogram at the time of its end, with bounds of the grid', async () => {
  await fill();
  const { body } = await ask(`${NAME}{disk="sda"}`);
  expect(body.data?.resultType).toBe('matrix');
  const [series, more] = body.data?.result ?? [];
  expect(more).toBeUndefined();
  expect(series?.metric).toEqual({ __name__: NAME, id: '2', disk: 'sda' });
  expect(series?.histograms?.map(([time]) => time - NOW)).toEqual([-9, -8, -7, -6, -5]);
  expect(series?.histograms?.[2]?.[1]).toEqual({
    count: '3',
    sum: String(((0.000999999 + 0.001099999) / 2) * 3),
    buckets: [[0, '0.000999999', '0.001099999', '3']],
  });
});

test('a second in which a key did not occur is an empty histogram, one without reports is a gap', async () => {
  await fill();
  const { body } = await ask(`${NAME}{disk="sdb"}`);
  const histograms = body.data?.result[0]?.histograms ?? [];
  expect(histograms.map(([, { count }]) => count)).toEqual(['1', '0', '0', '0', '0']);
});

test('sums over time and over keys are those of the counts', async () => {
  await fill();
  const { body } = await ask(`histogram_count(sum(sum_over_time(${NAME}[3s])))`);
  // Seconds 1, 1+2, 1+2+3 (and 1 of sdb in the first three), then as long as the window reaches back.
  expect(body.data?.result[0]?.values?.map(([time, value]) => [time - NOW, value])).toEqual([
    [-9, '2'],
    [-8, '4'],
    [-7, '7'],
    [-6, '9'],
    [-5, '12'],
    [-4, '9'],
    [-3, '5'],
  ]);
});

test('a rate is the sum divided by the window', async () => {
  await fill();
  const { body } = await ask(`histogram_count(rate(${NAME}{disk="sda"}[5s]))`, {
    start: NOW - 5,
    end: NOW - 5,
  });
  expect(body.data?.result[0]?.values).toEqual([[NOW - 5, '3']]);
});

test('quantiles come from the buckets, of each group', async () => {
  await fill();
  const { body } = await ask(`histogram_quantile(1, sum by (disk) (sum_over_time(${NAME}[1m])))`, {
    start: NOW - 5,
    end: NOW - 5,
  });
  expect(body.data?.result.map(({ metric, values: v }) => [metric, v?.[0]?.[1]])).toEqual([
    [{ disk: 'sda' }, '0.001099999'],
    [{ disk: 'sdb' }, '0.020999999'],
  ]);
});

test('numbers are plain samples, and topk selects the largest', async () => {
  const keyed = instrumentation('4', { decomposition: ['disk'] });
  await values.own(keyed, ['a']);
  values.report(keyed, 'a', NOW - 10, {
    shape: 'keyed',
    numbers: new Map([
      ['sda', 3],
      ['sdb', 5],
    ]),
  });
  const { body } = await ask('topk(1, ca_disk_physio_ops * 2)', {
    of: [keyed],
    start: NOW - 9,
    end: NOW - 9,
  });
  expect(body.data?.result).toEqual([{ metric: { id: '4', disk: 'sdb' }, values: [[NOW - 9, '10']] }]);
});

test('matchers choose keys, also by regular expression, and none at all is an empty answer', async () => {
  await fill();
  const count = async (query: string): Promise<number | undefined> =>
    (await ask(query)).body.data?.result.length;
  expect(await count(`{disk=~"sd[ab]"}`)).toBe(2);
  expect(await count(`${NAME}{disk!~".*a"}`)).toBe(1);
  expect(await count(`${NAME}{id="7"}`)).toBe(0);
  expect(await count(`${NAME}{nothing=""}`)).toBe(2);
  expect(await count('nothing_like_this')).toBe(0);
});

test('missing data is reported in warnings', async () => {
  await values.own(LATENCY, ['a', 'b', 'c']);
  for (let i = 0; i < 5; i++)
    values.report(LATENCY, 'a', NOW - 10 + i, { shape: 'distribution', distribution: [5, 1] }, 2);
  const { body } = await ask(`sum_over_time(${NAME}[5s])`, { of: [LATENCY], start: NOW - 5, end: NOW - 5 });
  expect(body.warnings).toEqual([`${NAME}{id="3"}: 1 of 3 nodes reported in 5 of 5 s; 10 events were lost`]);
});

test('the newest value at a time is that of the newest complete second', async () => {
  await values.own(PLAIN, ['a', 'b']);
  values.now = 1000 * (NOW + 20);
  for (let i = 0; i < 20; i++) {
    values.report(PLAIN, 'a', NOW + i, { shape: 'number', number: i });
    if (i < 19) values.report(PLAIN, 'b', NOW + i, { shape: 'number', number: 0 });
  }
  const { body } = await ask('ca_disk_physio_ops', { start: NOW + 20, end: NOW + 20, instant: true });
  expect(body.data?.result).toEqual([
    { metric: { __name__: 'ca_disk_physio_ops', id: '1' }, value: [NOW + 20, '18'] },
  ]);
});

test('label sets are those of keys that occurred', async () => {
  await fill();
  const { body } = await ask(`{id="2",disk!="sdb"}`, { want: 'series' });
  expect(body.data).toEqual([{ __name__: NAME, id: '2', disk: 'sda' }]);
});

test('too many series are refused, with advice', async () => {
  await values.own(HEAT, ['a']);
  for (let s = 0; s < 3; s++) {
    const disks = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`d${s * 900 + i}`, [5, 1]]));
    values.reportDisks('a', NOW - 10 + s, disks);
  }
  expect(await ask(NAME)).toMatchObject({
    status: 400,
    body: { status: 'error', errorType: 'bad_data', error: expect.stringContaining('sum them') as string },
  });
  expect((await ask(`sum(${NAME})`)).body.data?.result).toHaveLength(1);
});

test('a query that exceeds its client’s timeout is 503, with the type that clients know', async () => {
  await fill();
  const query = `sum_over_time(${NAME}[20000s])`;
  expect(await ask(query, { end: NOW + 9000, timeoutMs: 1 })).toMatchObject({
    status: 503,
    body: {
      status: 'error',
      errorType: 'timeout',
      error: expect.stringContaining('timeout of 1 ms') as string,
    },
  });
});

test('a body that the front door would not send is refused', async () => {
  expect((await ask('x', { want: 'everything' })).status).toBe(400);
});

test('whatever the window and the step, each point is the sum of the seconds in its window', async () => {
  await values.own(HEAT, ['a']);
  const counts = new Map<number, number>();
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let s = NOW - 60; s < NOW - 10; s++) {
    if (random(4) === 0) continue;
    const [a, b] = [random(5), random(5)];
    counts.set(s, a + b);
    values.reportDisks('a', s, {
      ...(a > 0 ? { sda: [300 + random(9), a] } : {}),
      ...(b > 0 ? { sdb: [500, b] } : {}),
    });
  }
  for (let run = 0; run < 60; run++) {
    const [window, step, start] = [1 + random(12), 1 + random(12), NOW - 70 + random(20)];
    const { body } = await ask(`histogram_count(sum(sum_over_time(${NAME}[${window}s])))`, {
      start,
      end: NOW - 5,
      step,
    });
    const expected: [number, string][] = [];
    for (let time = start; time <= NOW - 5; time += step) {
      const within = [...counts].filter(([second]) => second + 1 > time - window && second + 1 <= time);
      if (within.length > 0) expected.push([time, String(within.reduce((sum, [, count]) => sum + count, 0))]);
    }
    expect([window, step, body.data?.result[0]?.values ?? []]).toEqual([window, step, expected]);
  }
});
