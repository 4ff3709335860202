/*
 * Takes the pictures of the page that the documentation shows: eight states, from a system that runs.
 * In: its URL and a folder. Out: PNG files, with few colours so that they stay small. Look at them before committing them.
 *
 * node build/tools/stack/page_pictures.js http://127.0.0.1:23181/ docs/pictures
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, type Look, type OpenBrowser, type Page } from './browser';
import { drag } from './plot_reading';
import { until } from './until';

const [, , url = 'http://127.0.0.1:23181/', folder = 'docs/pictures'] = process.argv;

interface Made {
  readonly id: string;
  readonly crtime: number;
  readonly module: string;
  readonly stat: string;
  readonly predicate: unknown;
  readonly decomposition: readonly string[];
}

type Question = Omit<Made, 'id' | 'crtime'>;

/** What a picture needs to be full: a window of two minutes, and some. */
const SECONDS = 150;
let oldestEnough = 0;

/** Asks, or takes what already runs: then nobody has to wait again. */
async function ask(question: Question): Promise<string> {
  const sameAs = (i: Question): string => JSON.stringify([i.module, i.stat, i.predicate, i.decomposition]);
  const running = (await (await fetch(`${url}ca/instrumentations`)).json()) as Made[];
  const known = running.find((i) => sameAs(i) === sameAs(question));
  const made = known ?? (await create(question));
  oldestEnough = Math.max(oldestEnough, made.crtime + SECONDS * 1000);
  return made.id;
}

async function create(question: Question): Promise<Made> {
  const response = await fetch(`${url}ca/instrumentations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Made;
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
  const fsyncs = await ask({
    module: 'syscall',
    stat: 'syscalls',
    predicate: { eq: ['syscall', 'fsync'] },
    decomposition: ['execname', 'latency'],
  });
  const disks = await ask({
    module: 'disk',
    stat: 'physio_ops',
    predicate: {},
    decomposition: ['optype', 'latency'],
  });
  const threads = await ask({
    module: 'cpu',
    stat: 'thread_executions',
    predicate: {},
    decomposition: ['leavereason', 'runtime'],
  });
  const execs = await ask({
    module: 'cpu',
    stat: 'thread_executions',
    predicate: {},
    decomposition: ['execname'],
  });
  console.log('gathering …');
  await until('enough seconds', 200_000, () => (Date.now() > oldestEnough ? true : undefined), 1000);

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
  await take('box', `?panel=${fsyncs}~mode=all&theme=dark`, { height: 860, dark: true }, async (page) => {
    await drawn(page);
    await drag(page, [0.2, 0.02], [0.85, 0.36]);
    await page.mouse.move(0, 0);
    await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
  });
  await take('compare', `?panel=${fsyncs}~window=60~versus=60`, { width: 1440, height: 760 }, drawn);
  await take('small', `?panel=${fsyncs}~window=60`, { width: 360, height: 780, scale: 2, dark: true }, drawn);
  const wall = `?kiosk&panel=${fsyncs}~mode=all&panel=${disks}~mode=all&panel=${threads}~mode=all&panel=${execs}`;
  await take('wall', wall, { width: 1920, height: 1080, scale: 1, dark: true }, drawn);
  await take('gone', `?panel=${disks}`, { height: 640 }, async (page) => {
    await drawn(page);
    await page.context().setOffline(true);
    await page.getByText('The service does not answer.').waitFor();
  });
}

async function takeAll(): Promise<void> {
  browser = await openBrowser();
  try {
    await main();
  } finally {
    await browser.close();
  }
}

takeAll().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
