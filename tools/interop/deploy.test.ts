/*
 * The files of deploy/ for Prometheus and Grafana: promtool checks the rules, and every query of every
 * dashboard is sent as Grafana sends it. Grafana itself is not available here: its requests are reproduced below, as its
 * Prometheus data source sends them (docs/interop.md).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkoutFolder } from '../stack/checkout';
import { programOf, promtool } from '../testing/prometheus-server';
import { startSmallFleet, type SmallFleet } from '../testing/small-fleet';

const DEPLOY = join(checkoutFolder(), 'deploy');
const DASHBOARDS = join(DEPLOY, 'grafana', 'dashboards');
const NAME = 'ca_syscall_syscalls_latency_seconds';

interface Target {
  readonly expr: string;
  readonly format?: string;
}
interface Panel {
  readonly type: string;
  readonly title: string;
  readonly interval?: string;
  readonly targets: readonly Target[];
  readonly fieldConfig: { readonly defaults: { readonly links?: readonly { readonly url: string }[] } };
}
interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly regex?: string;
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const dashboard = (file: string): Dashboard =>
  JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as Dashboard;
/** Queries of values only: those of the fleet's health go to Prometheus. */
const OF_VALUES = ['heatmap.json', 'keys.json'];

let fleet: SmallFleet;
let end: number;
beforeAll(async () => {
  fleet = await startSmallFleet(2);
  await fleet.create({ module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] });
  await fleet.create({ module: 'syscall', stat: 'syscalls', decomposition: ['latency'] });
  const begin = fleet.now() / 1000;
  for (let s = 0; s < 60; s++) {
    fleet.clock.pass(1);
    const distributions = new Map([
      ['mysqld', [400, 3, 410, 1]],
      ['a"b|c', [300, 2]],
    ]);
    fleet.report('global;1', 'n1', begin + s, { shape: 'keyed-distribution', distributions });
    fleet.report('global;2', 'n1', begin + s, { shape: 'distribution', distribution: [400, 3] });
  }
  end = begin + 60;
});
afterAll(() => fleet.close());

/** As the data source sends it: a form. */
async function post(
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; data: unknown; error?: string }> {
  const response = await fetch(`${fleet.base}/prometheus/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return { ...((await response.json()) as { data: unknown; error?: string }), status: response.status };
}
const range = { start: () => String(end - 59), end: () => String(end), step: '1' };

/** Variables as Grafana inserts them; several values become a regular expression. */
const VALUES: Readonly<Record<string, string>> = {
  metric: NAME,
  id: '1',
  label: 'execname',
  key: '(mysqld|a\\"b\\\\|c)',
  __interval: '1s',
  __rate_interval: '4s',
};
const filled = (expr: string): string =>
  expr.replace(/\$\{?(\w+)\}?/g, (all, name: string) => VALUES[name] ?? all);

const TARGETS = OF_VALUES.flatMap((file) =>
  dashboard(file).panels.flatMap((panel) =>
    panel.targets.map((target) => [file, panel.type, target.expr] as const),
  ),
);

test.each(TARGETS)('%s, %s: %s has an answer', async (_file, type, expr) => {
  const { status, data, error } = await post('query_range', {
    query: filled(expr),
    start: range.start(),
    end: range.end(),
    step: range.step,
  });
  expect([status, error]).toEqual([200, undefined]);
  const { result } = data as { result: { values?: unknown[]; histograms?: unknown[] }[] };
  expect(result.length).toBeGreaterThan(0);
  if (type !== 'heatmap') return;
  // Only the first frame of cells is drawn, cells are as wide as the first two are apart, and bounds must be above 0.
  expect(result).toHaveLength(1);
  const histograms = result[0]?.histograms as [number, { buckets: [number, string, string, string][] }][];
  expect(histograms).toHaveLength(60);
  expect(histograms.every(([time], i) => time === end - 59 + i)).toBe(true);
  for (const [, { buckets }] of histograms) {
    for (const [, left, right] of buckets)
      expect(Number(left) > 0 && Number.isFinite(Number(right))).toBe(true);
  }
});

test('variables find metrics, instrumentations, fields and keys', async () => {
  const get = async (path: string): Promise<string[]> =>
    ((await (await fetch(`${fleet.base}/prometheus/api/v1/${path}`)).json()) as { data: string[] }).data;
  const match = (selector: string): string =>
    `match[]=${encodeURIComponent(selector)}&start=${end - 300}&end=${end}`;
  const variables = new Map(dashboard('keys.json').templating.list.map((one) => [one.name, one]));
  const regex = (name: string): RegExp =>
    new RegExp((variables.get(name)?.regex ?? '').replace(/^\/|\/$/g, ''));
  expect(
    (await get(`label/__name__/values?start=${end - 300}&end=${end}`)).filter((one) =>
      regex('metric').test(one),
    ),
  ).toEqual([NAME]);
  expect(await get(`label/id/values?${match(NAME)}`)).toEqual(['1', '2']);
  expect((await get(`labels?${match(NAME)}`)).filter((one) => regex('label').test(one))).toEqual([
    'execname',
  ]);
  expect(await get(`label/execname/values?${match(`${NAME}{id="1"}`)}`)).toEqual(['a"b|c', 'mysqld']);
});

test.each(readdirSync(DASHBOARDS))('%s names only variables that it has', (file) => {
  const { panels, templating, uid } = dashboard(file);
  expect(uid).toMatch(/^ca-/);
  const names = new Set([
    ...templating.list.map(({ name }) => name),
    '__interval',
    '__rate_interval',
    '__value',
  ]);
  for (const panel of panels) {
    const texts = [
      ...panel.targets.map(({ expr }) => expr),
      ...(panel.fieldConfig.defaults.links ?? []).map(({ url }) => url),
    ];
    for (const text of texts)
      for (const [, name = ''] of text.matchAll(/\$\{?(\w+)/g)) expect(names).toContain(name);
  }
});

test('the data source is Grafana’s own, asks with a form, and for each second', () => {
  const file = join(DEPLOY, 'grafana', 'provisioning', 'datasources', 'cloud-analytics.yaml');
  const { apiVersion, datasources } = parse(readFileSync(file, 'utf8')) as {
    apiVersion: number;
    datasources: object[];
  };
  expect(apiVersion).toBe(1);
  expect(datasources[0]).toMatchObject({
    type: 'prometheus',
    uid: 'cloud-analytics',
    jsonData: { httpMethod: 'POST', timeInterval: '1s' },
  });
});

describe.each([2, 3] as const)('Prometheus %i', (version) => {
  const withIt = programOf('promtool', version) === undefined ? test.skip : test;

  withIt('the alert rules fire when they should', async () => {
    const { status, stderr, stdout } = await promtool(
      ['test', 'rules', join(DEPLOY, 'prometheus', 'rules.test.yml')],
      '',
      version,
    );
    expect({ status, stderr, stdout: stdout.includes('SUCCESS') }).toEqual({
      status: 0,
      stderr: '',
      stdout: true,
    });
  });

  withIt('the configuration is valid', async () => {
    const { status, stderr } = await promtool(
      ['check', 'config', join(DEPLOY, 'prometheus', 'prometheus.yml')],
      '',
      version,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
