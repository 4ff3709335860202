/*
 * The cost of the page for its user: live heatmaps, for a number of minutes. In: the URL of a running system, minutes,
 * how many panels, and whether as a wall. Out: how long the first picture takes; each minute the share of a core that its processes used, and what
 * its heap holds after the garbage was collected.
 *
 * node build/tools/stack/page-cost.js http://127.0.0.1:23181/ 10 12 wall
 */
import { openBrowser, type OpenBrowser, type Visit } from '../testing/browser';
import { columns, endOf } from '../testing/plot-reading';
import { until } from '../testing/until';

const [, , url = 'http://127.0.0.1:23181/', minutes = '10', panels = '4', look = ''] = process.argv;
/** How often the page is opened for its first picture. */
const OPENED = 5;

const QUESTIONS = [
  { module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] },
  { module: 'syscall', stat: 'syscalls', decomposition: ['syscall', 'latency'] },
  { module: 'cpu', stat: 'thread_executions', decomposition: ['execname', 'runtime'] },
  { module: 'disk', stat: 'physio_ops', decomposition: ['optype', 'latency'] },
];

async function main(): Promise<void> {
  const ids: string[] = [];
  const browser = await openBrowser();
  try {
    for (const question of QUESTIONS) ids.push(await create(question));
    console.log(`first picture: ${(await firstPictures(browser, ids[0] ?? '')).join(', ')} ms`);
    const shown = Array.from({ length: Number(panels) }, (_, i) => `panel=${ids[i % ids.length]}~mode=all`);
    if (look === 'wall') shown.push('kiosk');
    const visit = await browser.visit(`${url}?${shown.join('&')}`, { width: 1920, height: 1080, scale: 1 });
    await columns(visit.page, 5);
    console.log('minute  % of a core  heap MB');
    for (let minute = 1; minute <= Number(minutes); minute++) await measure(visit, minute);
  } finally {
    await browser.close();
    for (const id of ids) await fetch(`${url}ca/instrumentations/${id}`, { method: 'DELETE' });
  }
}

/** Milliseconds from the start of the page's load until its first picture is drawn, by the page's own clock. */
async function firstPictures(browser: OpenBrowser, id: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < OPENED; i++) {
    const visit = await browser.visit(`${url}?panel=${id}`);
    await visit.page.locator('[data-end]').first().waitFor();
    times.push(Math.round(await visit.page.evaluate<number>('performance.now()')));
    await visit.close();
  }
  return times.sort((a, b) => a - b);
}

async function measure({ page, cpuSeconds, heapBytes }: Visit, minute: number): Promise<void> {
  const [cpu, since, end] = [await cpuSeconds(), Date.now(), await endOf(page)];
  await until('a minute', 120_000, async () => ((await endOf(page)) >= end + 60 ? true : undefined), 1000);
  const share = (100 * ((await cpuSeconds()) - cpu)) / ((Date.now() - since) / 1000);
  const heap = (await heapBytes()) / 1e6;
  console.log(
    `${String(minute).padStart(6)}  ${share.toFixed(1).padStart(11)}  ${heap.toFixed(2).padStart(7)}`,
  );
}

async function create(question: object): Promise<string> {
  const response = await fetch(`${url}ca/instrumentations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
