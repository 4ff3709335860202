/*
 * Takes the pictures of the page that the documentation shows: nine states, from a system that runs on this machine
 * (with CA_PROBE_BUDGET=1000: a busy machine's events are no reason to stop what is to be seen). In: its URL and a
 * folder. Out: PNG files. Look at them before committing them. With "looks": the same on a telephone, a laptop and a screen
 * of 4K, light and dark, to be looked at only.
 *
 * node build/tools/stack/page-pictures.js http://127.0.0.1:23181/ docs/pictures
 * node build/tools/stack/page-pictures.js http://127.0.0.1:23181/ build/looks looks
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openBrowser, type Look, type OpenBrowser, type Page } from '../testing/browser';
import { drag } from '../testing/plot-reading';
import { until } from '../testing/until';

const [, , url = 'http://127.0.0.1:23181/', folder = 'docs/pictures', which = 'docs'] = process.argv;

interface Made {
  readonly id: string;
  readonly module: string;
  readonly stat: string;
  readonly predicate: unknown;
  readonly decomposition: readonly string[];
}

type Question = Omit<Made, 'id'>;

const question = (metric: string, decomposition: readonly string[], predicate: unknown = {}): Question => {
  const [module = '', stat = ''] = metric.split('.');
  return { module, stat, predicate, decomposition };
};

const FSYNCS = question('syscall.syscalls', ['execname', 'latency'], { eq: ['syscall', 'fsync'] });
const DISKS = question('disk.physio_ops', ['optype', 'latency']);
const THREADS = question('cpu.thread_executions', ['leavereason', 'runtime']);
const EXECS = question('cpu.thread_executions', ['execname']);

/** What a picture needs to be full: a window of two minutes, and some. */
const SECONDS = 150;

/** What is to be found out: one program writes little and often, another one much at a time. */
const WRITERS = [
  { name: 'ordersdb', bytes: 4096, pause: 0.02 },
  { name: 'backupd', bytes: 2_000_000, pause: 0.25 },
];

/** Rewrites a file without a name, until its input ends: it cannot outlive who started it. */
const WRITER = `use IO::Handle; my ($name, $path, $bytes, $pause) = @ARGV; $0 = $name;
open(my $file, '>', $path) or die $!; unlink $path; my $block = 'x' x $bytes;
for (;;) { sysseek($file, 0, 0); syswrite($file, $block); $file->sync;
  my $in = "\\1"; last if select($in, undef, undef, $pause); }`;

function startWriters(): ChildProcess[] {
  return WRITERS.map(({ name, bytes, pause }) => {
    const path = join(tmpdir(), `ca-${name}-${process.pid}`);
    const args = ['-e', WRITER, name, path, String(bytes), String(pause)];
    return spawn('perl', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  });
}

async function stopWriters(writers: readonly ChildProcess[]): Promise<void> {
  for (const writer of writers) {
    if (writer.exitCode !== null) continue;
    const ended = once(writer, 'exit');
    writer.stdin?.end();
    await ended;
  }
}

/** Asks, or takes what already runs. */
async function ask(question: Question): Promise<string> {
  const sameAs = (i: Question): string => JSON.stringify([i.module, i.stat, i.predicate, i.decomposition]);
  const running = (await (await fetch(`${url}ca/instrumentations`)).json()) as Made[];
  const known = running.find((i) => sameAs(i) === sameAs(question));
  return (known ?? ((await post('instrumentations', question)) as Made)).id;
}

async function post(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}ca/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}

async function createBoard(panels: readonly object[]): Promise<string> {
  const board = { name: 'Slow disks', window: 120, variables: [{ field: 'hostname' }], panels };
  return ((await post('boards', board)) as { readonly id: string }).id;
}

let browser: OpenBrowser;

async function take(
  name: string,
  query: string,
  look: Look,
  ready: (page: Page) => Promise<void>,
): Promise<void> {
  const opened = await browser.visit(`${url}${query}`, look);
  try {
    await ready(opened.page);
    await opened.page.screenshot({ path: join(folder, `${name}.png`) });
    console.log(`${name}.png`);
  } finally {
    await opened.close();
  }
}

/** A picture that has been drawn, and a second more for its neighbours. */
async function drawn(page: Page): Promise<void> {
  await page.locator('[data-end]').first().waitFor();
  const end = await page.locator('[data-end]').first().getAttribute('data-end');
  await until('the next second', 20_000, async () =>
    (await page.locator('[data-end]').first().getAttribute('data-end')) === end ? undefined : true,
  );
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const fsyncs = await ask(FSYNCS);
  const disks = await ask(DISKS);
  const threads = await ask(THREADS);
  const execs = await ask(EXECS);
  console.log('gathering …');
  await pause(SECONDS * 1000);

  const board = await createBoard([
    { ...FSYNCS, title: 'Who waits for fsync', size: 'wide' },
    { ...DISKS, title: 'Disks' },
    { ...THREADS, title: 'Time on CPU, by why it ended' },
    { ...EXECS, title: 'Threads by program' },
  ]);
  try {
    if (which === 'looks') await takeLooks({ fsyncs, disks, board });
    else await takeForDocs({ fsyncs, disks, threads, execs, board });
  } finally {
    await fetch(`${url}ca/boards/${board}`, { method: 'DELETE' });
  }
}

interface Ids {
  readonly fsyncs: string;
  readonly disks: string;
  readonly board: string;
}

const SIZES = { telephone: [360, 780], laptop: [1280, 800], '4k': [3840, 2160] } as const;

async function takeLooks({ fsyncs, disks, board }: Ids): Promise<void> {
  for (const [size, [width, height]] of Object.entries(SIZES))
    for (const dark of [false, true]) {
      const look = { width, height, dark };
      const name = (state: string): string => `${state}-${size}-${dark ? 'dark' : 'light'}`;
      await take(name('welcome'), '', look, async (page) => {
        await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
      });
      await take(name('heatmap'), `?panel=${fsyncs}~percentiles=on~mode=all&panel=${disks}`, look, drawn);
      await take(name('box'), `?panel=${fsyncs}~mode=all`, look, drawBox);
      await take(name('compare'), `?panel=${fsyncs}~window=60~versus=60`, look, drawn);
      await take(name('board'), `?board=${board}`, look, drawn);
      await take(name('wall'), `?kiosk&board=${board}`, look, drawn);
    }
}

async function drawBox(page: Page): Promise<void> {
  await drawn(page);
  await drag(page, [0.2, 0.02], [0.85, 0.36]);
  await page.mouse.move(0, 0);
  await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
  await page.getByText('Comparing …').waitFor({ state: 'hidden' });
}

async function takeForDocs(ids: Ids & { readonly threads: string; readonly execs: string }): Promise<void> {
  const { fsyncs, disks, threads, execs, board } = ids;
  await take('welcome', '', { height: 640 }, async (page) => {
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
  });
  await take('ask', `?panel=${disks}`, { height: 760 }, async (page) => {
    await drawn(page);
    await page.locator('#ask-metric').fill('system calls');
    await page.keyboard.press('Enter');
    await page.getByLabel('Split by').selectOption('execname');
    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('Field', { exact: true }).selectOption('syscall');
    await page.getByLabel('Value for syscall').fill('fsync');
    await page.locator('.reading').waitFor();
  });
  await take('heatmap', `?panel=${fsyncs}~percentiles=on&theme=light`, { height: 640 }, drawn);
  await take('box', `?panel=${fsyncs}~mode=all&theme=dark`, { height: 940, dark: true }, drawBox);
  await take('compare', `?panel=${fsyncs}~window=60~versus=60`, { width: 1440, height: 760 }, drawn);
  await take('small', `?panel=${fsyncs}~window=60`, { width: 360, height: 780, scale: 2, dark: true }, drawn);
  const wall = `?kiosk&panel=${fsyncs}~mode=all&panel=${disks}~mode=all&panel=${threads}~mode=all&panel=${execs}`;
  await take('wall', wall, { width: 1920, height: 1080, scale: 1, dark: true }, drawn);
  await take('board', `?board=${board}`, { width: 1440, height: 1100 }, drawn);
  await take('gone', `?panel=${disks}`, { height: 640 }, async (page) => {
    await drawn(page);
    await page.context().setOffline(true);
    await page.getByText('The service does not answer.').waitFor();
    await page.locator('.badge', { hasText: 'no data' }).waitFor();
  });
}

async function takeAll(): Promise<void> {
  const writers = startWriters();
  browser = await openBrowser();
  try {
    await main();
  } finally {
    await stopWriters(writers);
    await browser.close();
  }
}

takeAll().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
