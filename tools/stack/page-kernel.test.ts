/* The page on a real kernel: who makes fsync slow here, from the empty page, with keyboard and mouse. Needs root on Linux. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openBrowser, panelIds, type OpenBrowser, type Page } from '../testing/browser';
import { columns, drag, drawings, expectSteady, filledColumns } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

/** The kernel keeps 15 bytes of it. */
const NAME = 'ca-page-fsync';

/**
 * About 50 fsyncs a second, under a name of its own, until its input ends: it cannot outlive who started it. The file
 * has no name, and is in memory: a second without any, because some disk is busy, would look like a hole.
 */
const SCRIPT = `use IO::Handle; $0 = $ARGV[0]; open(my $file, '>', $ARGV[1]) or die $!; unlink $ARGV[1];
for (;;) { syswrite($file, 'x'); $file->sync; my $in = "\\1"; last if select($in, undef, undef, 0.02); }`;

const why =
  process.platform !== 'linux'
    ? 'this is not Linux'
    : process.getuid?.() === 0
      ? ''
      : 'programs in the kernel need root';

let stack: TestStack;
let browser: OpenBrowser;
let workload: ChildProcess | undefined;

beforeAll(async () => {
  if (why !== '') return;
  [stack, browser] = await Promise.all([startTestStack({ sources: ['bpf'] }), openBrowser()]);
  const file = `/dev/shm/${NAME}-${process.pid}`;
  workload = spawn('perl', ['-e', SCRIPT, NAME, file], { stdio: ['pipe', 'inherit', 'inherit'] });
});
afterAll(async () => {
  if (workload?.exitCode === null) {
    const ended = once(workload, 'exit');
    workload.stdin?.end();
    await ended;
  }
  await Promise.allSettled([browser?.close(), stack?.stop()]);
});

interface Shown {
  readonly id: string;
  readonly predicate: unknown;
  readonly decomposition: readonly string[];
}

const shown = (page: Page): Promise<readonly Shown[]> =>
  Promise.all(panelIds(page).map((id) => stack.get<Shown>(`/ca/instrumentations/${id}`)));

(why === '' ? test : test.skip)(
  `who makes fsync slow, seen from the empty page to a question about the box${why === '' ? '' : ` (skipped: ${why})`}`,
  async () => {
    const { page, complaints } = await browser.visit(stack.url);
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('system calls');
    await page.keyboard.press('Enter');
    await page.getByLabel('Split by').selectOption('execname');
    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('Field', { exact: true }).selectOption('syscall');
    await page.getByLabel('Value for syscall').fill('fsync');
    await page.keyboard.press('Enter');
    await columns(page, 3);
    // From here on the lowest row is not zero: a box has two ends.
    await page.getByLabel('↕ log').check();
    const asked = { eq: ['syscall', 'fsync'] };
    expect(await shown(page)).toMatchObject([{ predicate: asked, decomposition: ['execname', 'latency'] }]);

    expectSteady(await drawings(page, 10));
    // The kernel counted in each of them: no column between the first and the newest but one is empty.
    const filled = await filledColumns(page);
    const [first = 0, last = 0] = [filled[0], filled.at(-1)];
    expect(last - first).toBeGreaterThanOrEqual(10);
    expect(filled).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));

    await page.locator('.legend-row').filter({ hasText: NAME }).waitFor();
    await drag(page, [0.05, 0.02], [0.99, 0.98]);
    await page.getByRole('button', { name: `count only this: ${NAME}` }).click();
    const beside = page.locator('.panel').nth(1);
    await beside.locator('.legend-row').first().waitFor();
    const box = new URL(page.url()).searchParams.get('panel')?.match(/~box=([^~]*)/)?.[1] ?? '';
    const [, , low = 0, high = 0] = box.split(',').map(Number);
    expect(high).toBeGreaterThan(low);
    const [, made] = await shown(page);
    expect(made?.predicate).toEqual({
      and: [
        asked,
        { ge: ['latency', Math.ceil(low)] },
        { le: ['latency', Math.ceil(high) - 1] },
        { eq: ['execname', NAME] },
      ],
    });
    // And the kernel counts just that.
    await until('a second picture with events', 60_000, async () =>
      (await beside.locator('.legend-row .number').first().textContent()) === '0' ? undefined : true,
    );
    expect(await beside.locator('.legend-row .key').allTextContents()).toEqual([NAME]);
    expect(complaints).toEqual([]);
  },
);
