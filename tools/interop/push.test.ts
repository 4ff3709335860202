/*
 * Exported values at the receiver: a real Prometheus 3 gets our values by remote write 2.0 and by scraping, a receiver of OTLP's JSON by OTLP,
 * and each bucket of each key has the same count there as here. Prometheus 2.42 scrapes the same, as text and as protobuf.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { OtlpReceiver } from '../testing/otlp-receiver';
import { freePorts } from '../stack/ports';
import {
  programOf,
  startPrometheus,
  type PrometheusItem,
  type PrometheusServer,
} from '../testing/prometheus-server';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

const SECONDS = 60;
const THREE = programOf('prometheus', 3) !== undefined;
const withThree = THREE ? test : test.skip;
const withTwo = programOf('prometheus', 2) === undefined ? test.skip : test;
if (!THREE) process.stderr.write('skipped: no Prometheus 3 (make -C deps tests)\n');

jest.setTimeout(240_000);

const NAME = 'ca_syscall_syscalls_latency_seconds';
const KEY = 'execname';
const FLAGS = [
  '--web.enable-remote-write-receiver',
  '--web.remote-write-receiver.accepted-protobuf-messages=io.prometheus.write.v2.Request',
  '--enable-feature=native-histograms',
];

let stack: TestStack;
let otlp: OtlpReceiver;
let three: PrometheusServer | undefined;
let scraped: { two?: PrometheusServer; twoNative?: PrometheusServer } = {};
let uri: string;
beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  const scrape = (more: string): string =>
    `scrape_configs: [{job_name: ca, scrape_interval: 1s, scrape_timeout: 1s, ${more}static_configs: [{targets: ['127.0.0.1:${port}']}]}]\n`;
  otlp = await OtlpReceiver.open();
  const env: Record<string, string> = { CA_PUSH_OTLP: otlp.url };
  if (THREE) {
    three = await startPrometheus(
      3,
      scrape('convert_classic_histograms_to_nhcb: true, scrape_protocols: [OpenMetricsText1.0.0], '),
      FLAGS,
    );
    env['CA_PUSH_REMOTE_WRITE'] = `${three.url}/api/v1/write`;
  }
  stack = await startTestStack({ httpPort: port, sources: ['synthetic'], env });
  uri = await stack.create({
    module: 'syscall',
    stat: 'syscalls',
    decomposition: [KEY, 'latency'],
    export: { prometheus: { steps: 90 }, push: {} },
  });
  if (programOf('prometheus', 2) !== undefined) {
    scraped = {
      two: await startPrometheus(2, scrape('')),
      twoNative: await startPrometheus(2, scrape(''), ['--enable-feature=native-histograms']),
    };
  }
  await pause(1000 * (SECONDS + 15));
});
afterAll(async () => {
  otlp?.close();
  await Promise.all([stack?.stop(), three?.stop(), scraped.two?.stop(), scraped.twoNative?.stop()]);
});

function running(server: PrometheusServer | undefined): PrometheusServer {
  if (server === undefined) throw new Error('it was not started');
  return server;
}

type Counts = Readonly<
  Record<string, readonly (readonly [range: readonly [low: number, high: number], count: number])[]>
>;

/** This service's own values, by key. */
async function own(from: number, to: number): Promise<Counts> {
  const { value } = await stack.get<{ value: Counts }>(
    `${uri}/value/raw?start_time=${from}&duration=${to - from}`,
  );
  return value;
}

/** Counts at most a bound, for bounds in seconds. */
function below(counts: Counts, key: string, bound: number): number {
  return (counts[key] ?? []).reduce(
    (sum, [[, high], count]) => sum + (high <= Math.round(bound * 1e9) ? count : 0),
    0,
  );
}

/** Each bucket of each item against our own counts: as cumulative counts at every bound that it has. */
function expectEqual(items: readonly PrometheusItem[], counts: Counts): void {
  expect(items.map(({ metric }) => metric[KEY]).sort()).toEqual(Object.keys(counts).sort());
  for (const { metric, histogram } of items) {
    let total = 0;
    for (const [, , right, count] of histogram?.[1].buckets ?? []) {
      total += Number(count);
      if (right !== '+Inf')
        expect([metric[KEY], right, total]).toEqual([
          metric[KEY],
          right,
          below(counts, metric[KEY] ?? '', Number(right)),
        ]);
    }
    expect(total).toBe(below(counts, metric[KEY] ?? '', Infinity));
  }
}

/** The newest second that all have. */
const NEWEST = (): number => Math.floor(Date.now() / 1000) - 8;

async function at(server: PrometheusServer, query: string, time: number): Promise<readonly PrometheusItem[]> {
  return server.query(query, { time: String(time) });
}

withThree(
  `remote write: each bucket of each key is equal over ${SECONDS} s, and so are quantiles`,
  async () => {
    if (three === undefined) return;
    const end = NEWEST();
    const selector = `${NAME}{job="",id="1"}`;
    const items = await at(three, `sum by (${KEY}) (sum_over_time(${selector}[${SECONDS}s]))`, end);
    expect(items.length).toBeGreaterThanOrEqual(5);
    expectEqual(items, await own(end - SECONDS, end));
    const quantile = `histogram_quantile(0.99, sum by (${KEY}) (sum_over_time(SELECTOR[${SECONDS}s])))`;
    const theirs = await at(three, quantile.replace('SELECTOR', selector), end);
    const parameters = new URLSearchParams({
      query: quantile.replace('SELECTOR', `${NAME}{id="1"}`),
      time: String(end),
    });
    const response = await fetch(new URL(`/prometheus/api/v1/query?${parameters.toString()}`, stack.url));
    const ours = ((await response.json()) as { data: { result: PrometheusItem[] } }).data.result;
    expect(ours.length).toBe(theirs.length);
    for (const { metric, value } of theirs) {
      const own99 = ours.find((one) => one.metric[KEY] === metric[KEY])?.value?.[1];
      expect(Number(own99) / Number(value?.[1])).toBeCloseTo(1, 6);
    }
  },
);

/** Debian's Prometheus is built without its OTLP receiver: requests are parsed here according to the specification. */
test('OTLP: each bucket of each key has grown by what was counted', async () => {
  const end = NEWEST();
  const start = end - 40;
  const [before, after] = [otlp.at(start), otlp.at(end)];
  const grown = await own(start, end);
  expect(after.size).toBeGreaterThanOrEqual(5);
  for (const [key, point] of after) {
    let total = 0;
    point.explicitBounds.forEach((bound, i) => {
      total += Number(point.bucketCounts[i]) - Number(before.get(key)?.bucketCounts[i] ?? 0);
      expect([key, bound, total]).toEqual([key, bound, below(grown, key, bound)]);
    });
    expect(point.bucketCounts).toHaveLength(point.explicitBounds.length + 1);
    expect(point.bucketCounts.reduce((sum, count) => sum + Number(count), 0)).toBe(Number(point.count));
  }
});

/** Counters of a scrape are all that was counted from their beginning to some second just before it. */
async function expectSince(
  of: (second: number) => Promise<Map<string, Map<number, number>>>,
  created: number,
): Promise<void> {
  const end = NEWEST();
  const found = await of(end);
  expect(found.size).toBeGreaterThanOrEqual(5);
  for (let to = end + 1; to > end - 8; to--) {
    const counts = await own(created, to);
    const same = [...found].every(([key, bounds]) =>
      [...bounds].every(([bound, count]) => count === below(counts, key, bound)),
    );
    if (same) return;
  }
  throw new Error('at no second do the counters have what was counted until then');
}

async function createdOf(): Promise<number> {
  const response = await fetch(new URL('/metrics', stack.url), {
    headers: { accept: 'application/openmetrics-text' },
  });
  const stamps = [
    ...(await response.text()).matchAll(new RegExp(`${NAME}_created\\{[^}]*\\} ([\\d.]+)`, 'g')),
  ].map(([, stamp]) => Number(stamp));
  return Math.min(...stamps);
}

withThree('scraped and converted, each bucket has what was counted since the created timestamp', async () => {
  await expectSince(
    async (second) => {
      const items = await at(running(three), `sum by (${KEY}) (${NAME}{job="ca"})`, second);
      return new Map(
        items.map(({ metric, histogram }) => {
          let total = 0;
          const bounds = (histogram?.[1].buckets ?? []).map(([, , right, count]): [number, number] => [
            Number(right.replace('+Inf', 'Infinity')),
            (total += Number(count)),
          ]);
          return [metric[KEY] ?? '', new Map(bounds)];
        }),
      );
    },
    await createdOf(),
  );
});

withTwo('Prometheus 2.42 has the same in classic buckets', async () => {
  await expectSince(
    async (second) => {
      const items = await at(running(scraped.two), `sum by (${KEY}, le) (${NAME}_bucket)`, second);
      const found = new Map<string, Map<number, number>>();
      for (const { metric, value } of items) {
        const key = metric[KEY] ?? '';
        found.set(
          key,
          (found.get(key) ?? new Map<number, number>()).set(
            Number(metric['le']?.replace('+Inf', 'Infinity')),
            Number(value?.[1]),
          ),
        );
      }
      return found;
    },
    await createdOf(),
  );
});

withTwo(
  'Prometheus 2.42 reads protobuf, and its exponential buckets give our quantiles within the grid',
  async () => {
    const end = NEWEST();
    const [theirs] = await at(running(scraped.twoNative), `histogram_quantile(0.9, sum(${NAME}))`, end);
    const parameters = new URLSearchParams({
      query: `histogram_quantile(0.9, sum(sum_over_time(${NAME}{id="1"}[1m])))`,
      time: String(end),
    });
    const response = await fetch(new URL(`/prometheus/api/v1/query?${parameters.toString()}`, stack.url));
    const [ours] = ((await response.json()) as { data: { result: PrometheusItem[] } }).data.result;
    // One of them since the start, one of the last minute: invented values do not change over time.
    expect(Math.abs(Number(theirs?.value?.[1]) / Number(ours?.value?.[1]) - 1)).toBeLessThan(0.1);
  },
);

withThree('when the instrumentation ends, its series are over at once', async () => {
  const { status } = await stack.ask('DELETE', uri);
  expect(status).toBe(204);
  await until('the end of the series', 30_000, async () => {
    const items = await running(three).query(`${NAME}{id="1",job!="ca"}`);
    return items.length === 0 ? true : undefined;
  });
});
