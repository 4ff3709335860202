/*
 * What the page costs whoever looks at it: four live heatmaps, for so many minutes. In: the URL of a system that runs.
 * Out: each minute, the share of a core that its processes used, and what its heap holds after the garbage was collected.
 *
 * node build/tools/stack/page-cost.js http://127.0.0.1:23181/ 10
 */
import { openBrowser, type Visit } from '../testing/browser';
import { columns, endOf } from '../testing/plot-reading';
import { until } from '../testing/until';

const [, , url = 'http://127.0.0.1:23181/', minutes = '10'] = process.argv;

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
    const visit = await browser.visit(`${url}?${ids.map((id) => `panel=${id}~mode=all`).join('&')}`);
    await columns(visit.page, 5);
    console.log('minute  % of a core  heap MB');
    for (let minute = 1; minute <= Number(minutes); minute++) await measure(visit, minute);
  } finally {
    await browser.close();
    for (const id of ids) await fetch(`${url}ca/instrumentations/${id}`, { method: 'DELETE' });
  }
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
