/*
 * Three questions that people come with, each answered from the empty page within a minute, on the real kernel: the steps are
 * those of docs/page.md. Needs root on Linux.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot } from '../../services/instrumenter/sources/bpf/zones/zones';
import { openBrowser, visiting, type OpenBrowser, type Page } from '../testing/browser';
import { columns, drag, endOf } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const why =
  process.platform !== 'linux'
    ? 'this is not Linux'
    : process.getuid?.() === 0
      ? ''
      : 'programs in the kernel need root';
const onKernel = why === '' ? test : test.skip;
const suffix = why === '' ? '' : ` (skipped: ${why})`;

let stack: TestStack;
let browser: OpenBrowser;
const running: ChildProcess[] = [];
const zones: string[] = [];

beforeAll(async () => {
  if (why !== '') return;
  [stack, browser] = await Promise.all([startTestStack({ sources: ['bpf'] }), openBrowser()]);
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }
  for (const folder of zones.splice(0)) rmdirSync(folder);
});
afterAll(async () => {
  await Promise.allSettled([browser?.close(), stack?.stop()]);
});

/** A program of this name that does its work over and over until its input ends: it cannot outlive who started it. */
function start(name: string, setUp: string, work: string, pauseSeconds: number): void {
  const script = `use IO::Handle; $0 = '${name}'; ${setUp}
for (;;) { ${work}; my $in = "\\1"; last if select($in, undef, undef, ${pauseSeconds}); }`;
  running.push(spawn('perl', ['-e', script], { stdio: ['pipe', 'inherit', 'inherit'] }));
}

/** Perl that goes into a service's control group of its own, which is removed afterwards. */
function zone(name: string): string {
  const root = cgroupRoot(readFileSync('/proc/self/mounts', 'utf8')) ?? '';
  const folder = join(root, name);
  mkdirSync(folder);
  zones.push(folder);
  return `open(P, '>', '${folder}/cgroup.procs') or die $!; syswrite(P, $$); close P;`;
}

/** From the empty page to the answer; it is said how long that took. */
async function underAMinute(what: string, steps: (page: Page) => Promise<void>): Promise<void> {
  await visiting(browser, stack.url, async (open) => {
    const { page, complaints } = await open();
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    const began = Date.now();
    await steps(page);
    const seconds = (Date.now() - began) / 1000;
    console.log(`${what}: ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(60);
    expect(complaints).toEqual([]);
  });
}

async function choose(page: Page, words: string, by: string): Promise<void> {
  await page.keyboard.press('/');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
  await page.getByLabel('Split by').selectOption(by);
  await page.getByRole('button', { name: 'Ask', exact: true }).last().click();
}

/** The first key of the answer. */
async function answer(page: Page): Promise<string> {
  await page.locator('.special tbody tr').first().waitFor();
  return (await page.locator('.special tbody th').first().textContent()) ?? '';
}

/** The key is more frequent in the box than chance explains. */
const over = async (page: Page, key: string): Promise<boolean> =>
  (await page.locator('.special tbody tr.over', { hasText: key }).count()) > 0;

/** Once the key is in the list: its events are on the picture. */
async function seen(page: Page, key: string): Promise<void> {
  await page.locator('.legend-row', { hasText: key }).first().waitFor();
  await columns(page, 6);
}

onKernel(`which process makes fsync slow${suffix}`, async () => {
  const slow = `ca-slow-${process.pid % 10_000}`;
  const file = (folder: string, name: string): string =>
    `open(my $file, '>', '${folder}/${name}-${process.pid}') or die $!; unlink '${folder}/${name}-${process.pid}'; my $block = 'x' x 2000000;`;
  start('ca-quick', file('/dev/shm', 'ca-quick'), 'syswrite($file, "x"); $file->sync', 0.02);
  start(slow, file('/var/tmp', 'ca-slow'), 'sysseek($file, 0, 0); syswrite($file, $block); $file->sync', 0.1);
  await underAMinute('fsync', async (page) => {
    await choose(page, 'fsync', 'execname');
    await seen(page, slow);
    await page.getByLabel('↕ log').check();
    await until('the slow ones', 30_000, async () => {
      await drag(page, [0.02, 0.02], [0.99, 0.5]);
      await answer(page);
      // Whatever else of this machine waits for its disk stands there, too.
      return (await over(page, slow)) && !(await over(page, 'ca-quick')) ? true : undefined;
    });
  });
});

onKernel(`which container is hurt by CPU contention${suffix}`, async () => {
  const hurt = `ca-hurt-${process.pid % 10_000}.service`;
  const [inHurt, inHog] = [zone(hurt), zone(`ca-hog-${process.pid % 10_000}.service`)];
  // One processor: 203 is sched_setaffinity, of a mask with the first bit alone.
  const pinned = 'my $mask = pack("Q", 1); syscall(203, 0, 8, $mask);';
  // SCHED_IDLE, by sched_setscheduler: after everything else, so that on a busy machine, too, it waits longest.
  const last = 'my $none = pack("i", 0); syscall(144, 0, 5, $none);';
  start('ca-hog', `${inHog} ${pinned}`, 'for (1..2000000) { }', 0);
  for (let i = 0; i < 4; i++) start('ca-hurt', `${inHurt} ${pinned} ${last}`, 'for (1..20000) { }', 0.005);
  await underAMinute('contention', async (page) => {
    await choose(page, 'cpu contention', 'zonename');
    await seen(page, hurt);
    await page.getByLabel('↕ log').check();
    await until('the container that waits', 30_000, async () => {
      await drag(page, [0.02, 0.02], [0.99, 0.35]);
      await answer(page);
      // Whatever else of this machine waits for a processor stands there, too, the hog among them.
      return (await over(page, hurt)) ? true : undefined;
    });
  });
});

onKernel(`what changed after the deploy${suffix}`, async () => {
  const fresh = `ca-new-${process.pid % 10_000}`;
  await underAMinute('deploy', async (page) => {
    await choose(page, 'system calls', 'execname');
    await columns(page, 6);
    const deployed = Date.now() / 1000;
    start(fresh, '', 'for (1..2000) { getppid() }', 0.02);
    await seen(page, fresh);
    await until('some seconds of it', 20_000, async () =>
      (await endOf(page)) > deployed + 5 ? true : undefined,
    );
    await page.getByLabel('Window', { exact: true }).selectOption('120');
    await page.getByRole('button', { name: 'Hold the picture' }).click();
    await page.getByRole('button', { name: 'Jump to now' }).waitFor();
    const window = Number(await page.getByLabel('Window', { exact: true }).inputValue());
    // Whatever else this machine began to do since then stands there, too.
    const row = page.locator('.special tbody tr', { hasText: fresh });
    await until('the new program', 30_000, async () => {
      const from = 1 - ((await endOf(page)) - Math.ceil(deployed)) / window;
      await drag(page, [Math.max(from, 0) + 0.01, 0.01], [0.995, 0.99]);
      await answer(page);
      return (await row.getAttribute('class')) === 'over' ? true : undefined;
    });
  });
});
