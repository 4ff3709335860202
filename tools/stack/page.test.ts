import { isDeepStrictEqual } from 'node:util';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { visit, type Look, type Page, type Visit } from './browser';
import { startTestStack, type TestStack } from './test_stack';
import { until } from './until';

jest.setTimeout(180_000);

let stack: TestStack;
const visits: Visit[] = [];

beforeAll(async () => {
  stack = await startTestStack({ sources: ['synthetic'], hosts: ['node-a', 'node-b'] });
});
afterEach(async () => {
  for (const open of visits.splice(0)) await open.close();
  for (const { id } of await instrumentations()) await stack.ask('DELETE', `/ca/instrumentations/${id}`);
});
afterAll(async () => {
  await stack?.stop();
});

async function open(query = '', look: Look = {}): Promise<Visit> {
  const opened = await visit(`${stack.url}${query}`, look);
  visits.push(opened);
  return opened;
}

interface Shown {
  readonly id: string;
  readonly predicate: unknown;
  readonly decomposition: readonly string[];
}

const LATENCY = { module: 'disk', stat: 'physio_ops', decomposition: ['optype', 'latency'] };

async function ask(question: Readonly<Record<string, unknown>> = LATENCY): Promise<string> {
  const uri = await stack.create(question);
  return uri.slice(uri.lastIndexOf('/') + 1);
}

/** What of the browser's own objects these tests touch: tools know no DOM. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

const instrumentations = (): Promise<readonly Shown[]> => stack.get<readonly Shown[]>('/ca/instrumentations');

/** Right edge of the first picture, in seconds since 1970. */
const endOf = async (page: Page): Promise<number> =>
  Number(await page.locator('[data-end]').first().getAttribute('data-end'));

/** Colours of the first heatmap's cells and how often each occurs; the canvas has one pixel per cell. */
function coloursOf(page: Page): Promise<Record<string, number>> {
  return page
    .locator('canvas.cells')
    .first()
    .evaluate((canvas: Canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const counts: Record<string, number> = {};
      for (let i = 0; i < data.length; i += 4) {
        const colour = `${data[i]} ${data[i + 1]} ${data[i + 2]}`;
        counts[colour] = (counts[colour] ?? 0) + 1;
      }
      return counts;
    });
}

const hueOf = (colour: string): 'ground' | 'warm' | 'cool' => {
  const [r = 0, g = 0, b = 0] = colour.split(' ').map(Number);
  if (r === g && g === b) return 'ground';
  return r > b ? 'warm' : 'cool';
};

async function huesOf(page: Page): Promise<ReadonlySet<string>> {
  return new Set(Object.keys(await coloursOf(page)).map(hueOf));
}

/** Waits until the first heatmap shows events of at least so many seconds. */
async function columns(page: Page, wanted: number): Promise<void> {
  await until('columns with events', 60_000, async () => {
    const filled = await page
      .locator('canvas.cells')
      .first()
      .evaluate((canvas: Canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        let count = 0;
        for (let x = 0; x < width; x++) {
          for (let y = 0; y < height; y++) {
            const i = (y * width + x) * 4;
            if (data[i] !== data[i + 1] || data[i + 1] !== data[i + 2]) {
              count++;
              break;
            }
          }
        }
        return count;
      });
    return filled >= wanted ? true : undefined;
  });
}

test('from the empty page to a live heatmap, by keyboard alone', async () => {
  const { page, complaints, hosts } = await open();
  await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('I/O operations');
  await page.keyboard.press('Enter');
  await page.getByLabel('Split by').selectOption('optype');
  await page.getByLabel('Distribution of').selectOption('latency');
  await page.getByRole('button', { name: '+ condition' }).click();
  await page.getByLabel('Value for latency').fill('1 ms');
  expect(await page.locator('.reading').textContent()).toBe('Counts only events where latency ≥ 1 ms.');
  await page.keyboard.press('Enter');
  await columns(page, 3);
  const [made] = (await instrumentations()).slice(-1);
  expect(made).toMatchObject({
    predicate: { ge: ['latency', 1_000_000] },
    decomposition: ['optype', 'latency'],
  });
  expect(complaints).toEqual([]);
  expect([...hosts]).toEqual([new URL(stack.url).host]);
});

test('ten seconds go by: the picture moves one column a second, and shows each second once', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60`);
  await columns(page, 1);
  const ends = [await endOf(page)];
  await until('ten more drawings', 60_000, async () => {
    const end = await endOf(page);
    if (end !== ends.at(-1)) ends.push(end);
    return ends.length > 10 ? true : undefined;
  });
  const steps = ends.slice(1).map((end, i) => end - (ends[i] ?? 0));
  // A busy machine may skip a drawing, never a second: the next one brings both. Going back is drift.
  for (const step of steps) expect(step).toBeGreaterThanOrEqual(1);
  expect(steps.filter((step) => step === 1).length).toBeGreaterThanOrEqual(7);
});

test('a key is highlighted in its own hue, isolated, and left out', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60~axis=linear`);
  await columns(page, 5);
  expect([...(await huesOf(page))].sort()).toEqual(['ground', 'warm']);
  await page.locator('.legend-row').first().click();
  const key = await page.locator('.legend-row[aria-pressed=true] .key').textContent();
  expect(page.url()).toContain(`key=${key ?? ''}`);
  await until('the key’s hue', 15_000, async () => ((await huesOf(page)).has('cool') ? true : undefined));
  await page.getByLabel('Only', { exact: true }).check();
  await until('nothing but the key', 15_000, async () =>
    (await huesOf(page)).has('warm') ? undefined : true,
  );
  await page.getByLabel('Without', { exact: true }).check();
  await until('everything but the key', 15_000, async () =>
    (await huesOf(page)).has('cool') ? undefined : true,
  );
});

/** Drags over the first plot; corners in parts of its width and height. */
async function drag(
  page: Page,
  from: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  const box = (await page.locator('.plot').first().boundingBox())!;
  await page.mouse.move(box.x + box.width * from[0], box.y + box.height * from[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to[0], box.y + box.height * to[1], { steps: 4 });
  await page.mouse.up();
}

test('a box drawn on the picture says what is special in it, and becomes an instrumentation', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60`);
  await columns(page, 8);
  await drag(page, [0.3, 0.1], [0.8, 0.45]);
  await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
  const box = /~box=([^~&]*)/.exec(page.url())?.[1];
  const [, , low = 0, high = 0] = decodeURIComponent(box ?? '')
    .split(',')
    .map(Number);
  expect(high).toBeGreaterThan(low);
  const rows = await page.locator('.special tbody tr').count();
  expect(rows).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Count only these' }).click();
  await until('a panel beside', 15_000, async () =>
    (await page.locator('.panel').count()) === 2 ? true : undefined,
  );
  const [made] = (await instrumentations()).slice(-1);
  expect(made?.predicate).toEqual({
    and: [{ ge: ['latency', Math.ceil(low)] }, { le: ['latency', Math.ceil(high) - 1] }],
  });
  // And from the table, about one key alone.
  const key = (await page.locator('.special tbody th').first().textContent()) ?? '';
  await page.getByRole('button', { name: `count only this: ${key}` }).click();
  await until('a third panel', 15_000, async () =>
    (await page.locator('.panel').count()) === 3 ? true : undefined,
  );
  const [third] = (await instrumentations()).slice(-1);
  expect(third?.predicate).toEqual({
    and: [
      { ge: ['latency', Math.ceil(low)] },
      { le: ['latency', Math.ceil(high) - 1] },
      { eq: ['optype', key] },
    ],
  });
});

test('everything that is shown comes back from the address', async () => {
  const id = await ask();
  const first = await open(`?panel=${id}~window=120~color=log~axis=log`);
  await columns(first.page, 5);
  await first.page.locator('.legend-row').first().click();
  await first.page.getByRole('button', { name: 'p50 p95 p99' }).click();
  await drag(first.page, [0.5, 0.1], [0.8, 0.5]);
  await first.page.getByRole('button', { name: 'Hold the picture' }).click();
  await first.page.getByRole('button', { name: 'Jump to now' }).waitFor();
  const address = first.page.url();
  const end = await endOf(first.page);

  const second = await open(address.slice(stack.url.length));
  await columns(second.page, 5);
  expect(await endOf(second.page)).toBe(end);
  // Both ask again each second: a report that came late reaches the one sooner than the other.
  await until('both pages showing the same', 30_000, async () => {
    const [one, two] = [await coloursOf(first.page), await coloursOf(second.page)];
    return isDeepStrictEqual(one, two) ? true : undefined;
  });
  expect(await second.page.locator('.legend-row[aria-pressed=true]').count()).toBe(1);
  expect(await second.page.locator('.overlay .line.p99').count()).toBe(1);
  await second.page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
  expect(second.page.url()).toBe(address);
});

test('now and then stand side by side on one axis, with their difference', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60~versus=60`);
  await columns(page, 3);
  expect(await page.locator('.plot').count()).toBe(3);
  const plots = await page.locator('.plot').all();
  const ends = await Promise.all(plots.map(async (plot) => Number(await plot.getAttribute('data-end'))));
  const [now = 0, then = 0, difference = 0] = ends;
  expect(now - then).toBe(60);
  expect(difference).toBe(now);
  const ticks = await Promise.all(
    plots.map(async (plot) => (await plot.locator('.tick[text-anchor=end]').allTextContents()).join()),
  );
  expect(new Set(ticks).size).toBe(1);
});

test('the keyboard reaches a cell, pins it, and draws a box', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60`);
  await columns(page, 5);
  await page.locator('.plot').focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Pinned' }).waitFor();
  await page.keyboard.press('Shift+ArrowLeft');
  await page.keyboard.press('Shift+PageUp');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
  await page.keyboard.press('Escape');
  await until('a clean picture', 10_000, async () =>
    (await page.locator('.card').count()) === 0 ? true : undefined,
  );
});

test('a graph is drawn for a plain number, and stacked by key', async () => {
  const plain = await ask({ module: 'unix', stat: 'proc_execs', decomposition: [] });
  const keyed = await ask({ module: 'disk', stat: 'physio_ops', decomposition: ['optype'] });
  const { page, complaints } = await open(`?panel=${plain}&panel=${keyed}`);
  await until('two graphs', 30_000, async () =>
    (await page.locator('.uplot canvas').count()) === 2 ? true : undefined,
  );
  const swatches = page.locator('.legend-row .swatch:not(.rest)');
  await until('coloured keys', 30_000, async () => ((await swatches.count()) === 2 ? true : undefined));
  expect(complaints).toEqual([]);
});

test('an instrumentation is paused, resumed and deleted from the list', async () => {
  const id = await ask({ ...LATENCY, granularity: 5 });
  const { page } = await open(`?panel=${id}`);
  const row = page.locator('.run.shown');
  await row.getByRole('button', { name: 'Pause' }).click();
  await row.getByRole('button', { name: 'Resume' }).waitFor();
  expect(await stack.get<{ enabled: boolean }>(`/ca/instrumentations/${id}`)).toMatchObject({
    enabled: false,
  });
  await row.getByRole('button', { name: 'Resume' }).click();
  await row.getByRole('button', { name: 'Pause' }).waitFor();
  await row.getByRole('button', { name: 'Nodes', exact: true }).click();
  await row.getByText('node-a').waitFor();
  await row.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('This instrumentation no longer runs.').waitFor();
  expect((await instrumentations()).some((i) => i.id === id)).toBe(false);
  await page.getByRole('button', { name: 'Ask it again' }).click();
  await columns(page, 1);
});

test('a refusal is a sentence beside the question', async () => {
  const { page } = await open();
  await page.route('**/ca/instrumentations', (route) =>
    route.request().method() === 'POST'
      ? route.fulfill({
          status: 503,
          json: { error: { code: 'NO_RESOURCE', message: 'no aggregator is online' } },
        })
      : route.continue(),
  );
  await page.locator('#ask-metric').fill('I/O operations');
  await page.keyboard.press('Enter');
  await page.locator('form.ask').getByRole('button', { name: 'Ask' }).click();
  expect(await page.getByRole('alert').textContent()).toBe('no aggregator is online.');
});

test('the page says that the service is gone, and goes on by itself when it is back', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60`);
  await columns(page, 3);
  const { pid } = stack.config;
  // Stopped first: a killed one is back before a page that asks once a second has noticed.
  stack.config.signal('SIGSTOP');
  await page.getByText('The service does not answer.').waitFor();
  stack.config.signal('SIGKILL');
  const before = await endOf(page);
  await until('the config service', 30_000, () => (stack.config.pid === pid ? undefined : true));
  await until('newer seconds', 60_000, async () => ((await endOf(page)) > before + 2 ? true : undefined));
  expect(await page.getByText('The service does not answer.').count()).toBe(0);
});

test('a second that a node missed is marked, and names how many did report', async () => {
  const id = await ask();
  const { page } = await open(`?panel=${id}~window=60`);
  await columns(page, 3);
  const instrumenter = stack.instrumenters[1];
  instrumenter?.signal('SIGSTOP');
  try {
    await page.getByText('1 of 2 nodes', { exact: true }).waitFor({ timeout: 30_000 });
    expect(await page.locator('.overlay .strip.missing').count()).toBeGreaterThan(0);
  } finally {
    instrumenter?.signal('SIGCONT');
  }
});

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly unknown[];
  }[];
}

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['dark', 360],
] as const)('nothing that axe-core knows stands in anybody’s way (%s, %d pixels)', async (theme, width) => {
  const [id, plain] = [
    await ask(),
    await ask({ module: 'disk', stat: 'physio_ops', decomposition: ['optype'] }),
  ];
  for (const query of [
    '',
    `?panel=${id}~window=60~percentiles=on&panel=${plain}`,
    `?panel=${id}~versus=60`,
    '?panel=none~metric=a.b',
  ]) {
    const { page } = await open(query, { dark: theme === 'dark', width });
    await page.locator('h2').nth(1).waitFor();
    if (query.includes('window')) {
      await columns(page, 5);
      await drag(page, [0.4, 0.2], [0.8, 0.8]);
      await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
      await page.getByText('Data table').first().click();
    }
    // The page's policy forbids inline scripts; the tool is put in from outside of it.
    await page.evaluate(AXE);
    const { violations } = await page.evaluate<AxeResult>('axe.run()');
    expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    // Nothing is wider than the screen.
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  }
});

test('four heatmaps cost little, and hold no more memory than they must', async () => {
  const ids = await Promise.all([1, 2, 3, 4].map(() => ask()));
  const { page, cpuSeconds } = await open(`?${ids.map((id) => `panel=${id}~window=60`).join('&')}`);
  await columns(page, 5);
  const end = await endOf(page);
  const before = await cpuSeconds();
  const started = Date.now();
  await until(
    'twenty seconds',
    60_000,
    async () => ((await endOf(page)) >= end + 20 ? true : undefined),
    500,
  );
  const share = ((await cpuSeconds()).page - before.page) / ((Date.now() - started) / 1000);
  console.log(`page with four heatmaps: ${(100 * share).toFixed(1)} % of a core`);
  expect(share).toBeLessThan(0.15);
});

test('the whole page fits into 150 KB, compressed', () => {
  const folder = join(__dirname, '..', '..', 'build', 'services', 'config', 'www');
  const files = readdirSync(folder);
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0);
  console.log(`the page: ${files.length} files, ${(bytes / 1024).toFixed(1)} KB compressed`);
  expect(bytes).toBeLessThan(150 * 1024);
});
