/*
 * Every command of docs/questions.md, run against a real system whose one node invents all metrics (seeded). In: the
 * document. Out: each ends well, and says what the document says that it would.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';
import { CACTL } from './commands';
import { run, type Printed } from './testing/console';

const DOCUMENT = readFileSync(join(__dirname, '../../docs/questions.md'), 'utf8');

interface Section {
  readonly title: string;
  readonly commands: readonly (readonly string[])[];
  readonly yaml: string | undefined;
}

const SECTIONS: readonly Section[] = DOCUMENT.split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.split('\n', 1)[0] ?? '',
    commands: [...text.matchAll(/^```sh\n([^]*?)^```/gm)]
      .flatMap(([, block = '']) => block.trim().split('\n'))
      .map(words),
    yaml: /^```yaml\n([^]*?)^```/m.exec(text)?.[1],
  }));

/** As a shell reads them: 'a b' is one word. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

const AT_A_TIME = 4;

let folder: string;
let stack: TestStack;
/** By title: what has been begun before its test came. */
const begun = new Map<string, Promise<void>>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ca-questions-'));
  stack = await startTestStack({ aggregators: 1, env: { CA_SOURCES: 'synthetic' } });
  await until('a node that offers everything', 60_000, async () =>
    (await cactl(['metrics', 'fs.syncs'])).status === 0 ? true : undefined,
  );
  beginAll();
}, 180_000);
afterAll(async () => {
  await Promise.allSettled(begun.values());
  await stack.stop();
  rmSync(folder, { recursive: true });
}, 60_000);

function cactl(argv: readonly string[]): Promise<Printed> {
  return run(CACTL, argv, { env: { CA_HOME: stack.home, CA_URL: stack.url }, cwd: folder });
}

test('there are twenty questions, each with its commands', () => {
  expect(SECTIONS.map(({ title }) => Number(title.split('.', 1)[0]))).toEqual(
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  for (const { commands } of SECTIONS) {
    expect(commands.map(([program]) => program)).toContain('cactl');
    for (const [program] of commands) expect(['cactl', 'curl']).toContain(program);
  }
});

test.each(SECTIONS)(
  '$title',
  async (section) => {
    if (changesOthers(section)) await Promise.allSettled(begun.values());
    await (begun.get(section.title) ?? answer(section));
  },
  120_000,
);

/** `cactl apply` takes away what is not in its file. */
function changesOthers({ commands }: Section): boolean {
  return commands.some(([, word]) => word === 'apply');
}

/** Most of it is waiting for seconds to pass, so that several go on at a time. */
function beginAll(): void {
  const line: Promise<void>[] = [];
  for (const section of SECTIONS.filter((one) => !changesOthers(one))) {
    const before = line.at(-AT_A_TIME) ?? Promise.resolve();
    const done = before.catch(() => undefined).then(() => answer(section));
    done.catch(() => undefined); // its test says so
    line.push(done);
    begun.set(section.title, done);
  }
}

async function answer({ commands, yaml }: Section): Promise<void> {
  let id = '';
  for (const [program, ...given] of commands) {
    if (program === 'curl') {
      await asked(given);
      continue;
    }
    const argv = given.map((word) =>
      word === 'ID' ? id : /\.(?:png|yaml)$/.test(word) ? join(folder, word) : word,
    );
    const file = argv.find((word) => word.endsWith('.yaml'));
    if (file !== undefined) writeFileSync(file, yaml ?? '');
    if (['top', 'value', 'heatmap', 'watch'].includes(argv[0] ?? '')) await values(id);
    const { status, out, err } = await cactl(argv);
    expect([argv, status, err]).toEqual([argv, 0, '']);
    expect(out).not.toBe('');
    id = /^created (\d+)/.exec(out)?.[1] ?? id;
    if (argv[0] === 'top' && !argv.includes('json')) expect(out).toMatch(/\nall keys/);
    if (argv.includes('csv')) expect(out).toMatch(/,p50_ns,p95_ns,p99_ns,[^]*\r\n\d{4}-/);
    if (argv[0] === 'heatmap')
      expect(readFileSync(join(folder, 'slow.png')).subarray(1, 4).toString()).toBe('PNG');
  }
}

/** curl, until it shows numbers: the first second has to be over. */
async function asked(argv: readonly string[]): Promise<void> {
  const here = argv.map((word) => word.replace('127.0.0.1:23181', new URL(stack.url).host));
  const number = here.some((word) => word.endsWith('/metrics'))
    ? /^ca_disk_physio_ops_latency_seconds_count\{.*\} [1-9]/m
    : /"value":\[[\d.]+,"0\.\d*[1-9]/;
  await until(`a number from curl ${here.join(' ')}`, 40_000, async () =>
    number.test(await curl(here)) ? true : undefined,
  );
}

function curl(argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', argv, { timeout: 10_000, maxBuffer: 1 << 24 }, (error, out) =>
      error === null ? resolve(out) : reject(new Error(`${error.message} ${out}`)),
    );
  });
}

/** Some seconds of them: what is asked about a stretch has happened. */
async function values(id: string): Promise<void> {
  await until(`values of ${id}`, 40_000, async () => {
    const { status, out } = await cactl(['top', id, '--since', '12s', '-o', 'json']);
    if (status !== 0) return undefined;
    const { completeness = [] } = JSON.parse(out) as {
      completeness?: { duration: number; reporting: number }[];
    };
    const seconds = completeness.reduce((sum, one) => sum + (one.reporting > 0 ? one.duration : 0), 0);
    return seconds >= 5 ? true : undefined;
  });
}
