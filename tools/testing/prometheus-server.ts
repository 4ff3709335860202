/*
 * A real Prometheus for tests: Debian's 2.42, or 3.5 of its unstable suite (deps/fetch.sh, deps/install-prometheus.sh).
 * In: a configuration and flags. Out: a running server with its data in a folder of its own, and promtool.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../stack/ports';
import { until } from './until';

const DEPS = join(__dirname, '..', '..', 'deps', 'build');
const FOLDERS = { 2: ['/usr/bin', join(DEPS, 'bin')], 3: [join(DEPS, 'prometheus3', 'usr', 'bin')] };

/** undefined: it is not there, and tests of it are skipped. */
export function programOf(name: 'prometheus' | 'promtool', version: 2 | 3): string | undefined {
  return FOLDERS[version].map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function promtool(args: readonly string[], input = '', version: 2 | 3 = 2): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      programOf('promtool', version) ?? 'promtool',
      args,
      { timeout: 30_000 },
      (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

export interface PrometheusServer {
  readonly url: string;
  /** The result of an instant query; throws with its error. */
  query(text: string, parameters?: Readonly<Record<string, string>>): Promise<readonly PrometheusItem[]>;
  stop(): Promise<void>;
}

export interface PrometheusItem {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [
    number,
    { readonly count: string; readonly buckets: readonly (readonly [number, string, string, string])[] },
  ];
}

export async function startPrometheus(
  version: 2 | 3,
  config: string,
  flags: readonly string[] = [],
): Promise<PrometheusServer> {
  const program = programOf('prometheus', version);
  if (program === undefined) throw new Error(`there is no Prometheus ${version} here: make -C deps tests`);
  const folder = mkdtempSync(join(tmpdir(), 'ca-prometheus-'));
  const [port = 0] = await freePorts(1);
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const child = spawn(
    program,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (piece: Buffer) => (log = (log + piece.toString()).slice(-20_000)));
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until('Prometheus', 30_000, async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus has ended: ${log}`);
      const response = await fetch(`${url}/-/ready`).catch(() => undefined);
      return response?.ok === true ? true : undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    stop,
    async query(text, parameters = {}) {
      const response = await fetch(
        `${url}/api/v1/query?${new URLSearchParams({ query: text, ...parameters }).toString()}`,
      );
      const { data, error } = (await response.json()) as {
        data?: { result: PrometheusItem[] };
        error?: string;
      };
      if (data === undefined) throw new Error(`${error ?? response.status}: ${log}`);
      return data.result;
    },
  };
}
