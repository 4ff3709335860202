/*
 * docs/interop.md, "Ten minutes", word for word: each command is taken from the page and run, in order, against a running
 * stack. Ports and folders of this machine replace the page's; first-light.test.ts covers `make run` itself.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { checkoutFolder } from '../stack/checkout';
import { freePorts } from '../stack/ports';
import { programOf } from '../testing/prometheus-server';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const PAGE = readFileSync(join(checkoutFolder(), 'docs', 'interop.md'), 'utf8');
const WALK = PAGE.slice(PAGE.indexOf('\n## Ten minutes'), PAGE.indexOf('\n## Read API'));
const BLOCKS = [...WALK.matchAll(/```sh\n([^]*?)```/g)].map(([, commands = '']) => commands);

const promtoolPath = programOf('promtool', 2);
const both = promtoolPath !== undefined && programOf('prometheus', 2) !== undefined;
const withTwo = both ? test : test.skip;
if (!both) process.stderr.write('skipped: no Prometheus 2 (make -C deps tests)\n');

let stack: TestStack;
let folder: string;
let port: number;
/** Of a Prometheus that a command of the page leaves running. */
const left: number[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ca-walk-'));
  stack = await startTestStack({ sources: ['synthetic'] });
  [port = 0] = await freePorts(1);
  cpSync(join(checkoutFolder(), 'deploy'), join(folder, 'deploy'), { recursive: true });
  const config = join(folder, 'deploy', 'prometheus', 'prometheus.yml');
  writeFileSync(config, here(readFileSync(config, 'utf8')));
  for (const made of ['etc/grafana/provisioning', 'var/lib/grafana'])
    mkdirSync(join(folder, made), { recursive: true });
});
afterAll(async () => {
  for (const pid of left) process.kill(pid, 'SIGKILL');
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const here = (text: string): string =>
  text
    .replaceAll('127.0.0.1:23181', new URL(stack.url).host)
    .replaceAll('127.0.0.1:9095', `127.0.0.1:${port}`)
    .replaceAll('/tmp/ca-prometheus', join(folder, 'data'))
    .replaceAll(/(?<=\s)\/(?=etc\/grafana|var\/lib\/grafana)/g, `${folder}/`);

interface Done {
  readonly status: number | null;
  readonly out: string;
}

/** As typed into a shell; processes it leaves running are ended with the tests. */
function typed(commands: string): Promise<Done> {
  return new Promise((resolve) => {
    const PATH = `${dirname(promtoolPath ?? '')}:${process.env['PATH'] ?? ''}`;
    const script = `set -e\n${here(commands)}\necho "left: $(jobs -p | tr '\\n' ' ')" >&2\n`;
    const child = spawn('bash', ['-c', script], { cwd: folder, env: { ...process.env, PATH } });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
    child.once('exit', (status) => {
      for (const pid of /^left: ([\d ]*)$/m.exec(errors)?.[1]?.trim().split(' ') ?? []) {
        if (pid !== '') left.push(Number(pid));
      }
      resolve({ status, out: status === 0 ? out : out + errors });
    });
  });
}

withTwo('ten minutes lead from nothing to a heatmap, an alert and a dashboard', async () => {
  const [run = '', create = '', query = '', alert = '', ask = '', grafana = '', ...more] = BLOCKS;
  expect([run.split(/\s/, 2).join(' '), more]).toEqual(['make run', []]);

  const created = await typed(create);
  expect(created.status).toBe(0);
  const { promql } = JSON.parse(created.out) as { promql: string };
  // The page's claim about the answer.
  expect(WALK).toContain(`"promql": ${JSON.stringify(promql)}`);

  // Both queries have answers as soon as there are values.
  await until('values', 30_000, async () => (/\d+ @\[/.test((await typed(query)).out) ? true : undefined));
  const queried = await typed(query);
  expect([queried.status, queried.out]).toEqual([
    0,
    expect.stringMatching(/^\{\} => [1-9]\d* @\[[\d.]+\]\n\{\} =>\n0\.\d+ @\[/),
  ]);

  expect(await typed(alert)).toMatchObject({ status: 0, out: expect.stringContaining('SUCCESS') as string });
  const answered = await until('two scrapes', 90_000, async () => {
    const { status, out } = await typed(ask);
    return status === 0 && /"value":\[[\d.]+,"0\.\d+"\]/.test(out) ? out : undefined;
  });
  expect(answered).toContain('"name":"DiskLatencyHigh"');

  expect(await typed(grafana)).toEqual({ status: 0, out: '' });
  const providers = join(folder, 'etc/grafana/provisioning/dashboards/cloud-analytics.yaml');
  const { providers: [provider] = [] } = parse(readFileSync(providers, 'utf8')) as {
    providers?: { options: { path: string } }[];
  };
  for (const file of ['heatmap.json', 'keys.json', 'fleet.json'])
    expect(existsSync(join(folder, provider?.options.path ?? '', file))).toBe(true);
  expect(existsSync(join(folder, 'etc/grafana/provisioning/datasources/cloud-analytics.yaml'))).toBe(true);
});
