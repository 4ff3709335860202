/*
 * /metrics of every service and the read API, as Prometheus' own programs see them: promtool checks and queries, a real
 * Prometheus 2.42 scrapes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkoutFolder } from '../stack/checkout';
import { freePorts } from '../stack/ports';
import { programOf, promtool, startPrometheus } from '../testing/prometheus-server';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);
const TWO = programOf('prometheus', 2) !== undefined && programOf('promtool', 2) !== undefined;
const withTwo = TWO ? test : test.skip;
if (!TWO) process.stderr.write('skipped: no Prometheus 2 (make -C deps tests)\n');

let stack: TestStack;
let nodePort: number;
beforeAll(async () => {
  [nodePort = 0] = await freePorts(1);
  stack = await startTestStack({
    sources: ['synthetic'],
    env: { CA_METRICS_PORT: String(nodePort), CA_PUSH_OTLP: 'http://127.0.0.1:9/v1/metrics' },
  });
  await stack.create({ module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] });
  await pause(5000);
});
afterAll(() => stack?.stop());

const scrape = async (url: string, accept = 'text/plain'): Promise<string> => {
  const response = await fetch(url, { headers: { accept } });
  expect(response.status).toBe(200);
  return response.text();
};
const doorMetrics = (): string => new URL('/metrics', stack.url).href;

withTwo('promtool has nothing to say against the names of any service', async () => {
  for (const url of [doorMetrics(), `http://127.0.0.1:${nodePort}/metrics`]) {
    const text = await scrape(url);
    const { status, stderr, stdout } = await promtool(['check', 'metrics'], text);
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: '' });
  }
});

test('one scrape of the front door has its requests by route, and each aggregator', async () => {
  const text = await scrape(doorMetrics());
  expect(text).toMatch(
    /ca_http_request_duration_seconds_count\{method="POST",route="\/ca\/instrumentations",status="201"\} 1/,
  );
  expect(text).toMatch(/ca_aggregator_scraped\{aggregator="[^"]+"\} 1/);
  expect(text).toMatch(/ca_reports_total\{outcome="added",aggregator="[^"]+"\} [1-9]/);
  expect(text).toMatch(/ca_instrumenters_online 1\n/);
  expect(await scrape(`http://127.0.0.1:${nodePort}/metrics`)).toMatch(/ca_reports_sent_total [1-9]/);
});

test('every metric that the dashboard of the fleet and the alerts name is there', async () => {
  const text = await scrape(doorMetrics());
  const deploy = join(checkoutFolder(), 'deploy');
  const named = [join(deploy, 'grafana', 'dashboards', 'fleet.json'), join(deploy, 'prometheus', 'rules.yml')]
    .flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/\b(?:ca|process)_[a-z_]+\b(?=[[{) \\"]|$)/gm),
    ])
    .map(([name]) => name)
    // Exported values, not the fleet's health; and what is there over TLS only (common/http/http-tls.test.ts).
    .filter((name) => !/^ca_(disk_physio|certificate)_/.test(name));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(text))).toEqual([]);
});

withTwo('Prometheus scrapes text and protobuf alike', async () => {
  const job = `scrape_configs: [{job_name: ca, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ['${new URL(stack.url).host}']}]}]`;
  for (const flags of [[], ['--enable-feature=native-histograms']]) {
    const server = await startPrometheus(2, job, flags);
    try {
      await until('a scrape', 20_000, async () =>
        (await server.query('up == 1')).length > 0 ? true : undefined,
      );
      await pause(1500);
      const [total] = await server.query('sum(ca_reports_total{outcome="added"})');
      expect(Number(total?.value?.[1])).toBeGreaterThan(0);
      const [quantile] = await server.query(
        'histogram_quantile(0.99, sum by (le) (ca_event_loop_delay_seconds_bucket))',
      );
      expect(Number(quantile?.value?.[1])).toBeLessThan(60);
    } finally {
      await server.stop();
    }
  }
});

withTwo('promtool queries, as it would of any Prometheus', async () => {
  const url = new URL('/prometheus', stack.url).href;
  const name = 'ca_syscall_syscalls_latency_seconds';
  const ok = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await promtool(['query', ...args]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  expect(await ok('instant', url, `histogram_count(sum(${name}))`)).toMatch(/^\{\} => \d+ @\[\d+/);
  expect(
    await ok(
      'range',
      '--step=1s',
      url,
      `histogram_quantile(0.99, sum by (execname) (sum_over_time(${name}[5s])))`,
    ),
  ).toMatch(/\{execname="[^"]+"\} =>\n0\.\d+/);
  expect(await ok('series', `--match=${name}`, url)).toContain(`__name__="${name}"`);
  expect(await ok('labels', url, 'execname')).toMatch(/\w+/);
  const { status, stderr } = await promtool(['query', 'instant', url, 'up or up']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('not supported here')]);
});
