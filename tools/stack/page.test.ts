import { isDeepStrictEqual } from 'node:util';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import {
  DOORSTEP,
  openBrowser,
  panelIds,
  tooWide,
  visiting,
  type Open,
  type OpenBrowser,
  type Page,
} from '../testing/browser';
import { columns, drag, drawings, endOf, expectSteady, huesOf, pixelsOf } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

let stack: TestStack;
let browser: OpenBrowser;
/** Run all the time, so that a test finds seconds to look at. */
let heat: string;
let heat2: string;
let keyed: string;

beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startTestStack({ sources: ['synthetic'], hosts: ['node-a', 'node-b'] }),
    openBrowser(),
  ]);
  [heat, heat2, keyed] = await Promise.all([
    ask(),
    ask({ ...LATENCY, predicate: { ge: ['latency', 1000] } }),
    ask({ module: 'disk', stat: 'physio_ops', decomposition: ['optype'] }),
  ]);
});
// Not run for concurrent tests: what they all have left goes before the first test that wants the machine to itself.
beforeEach(async () => {
  for (const { id } of await instrumentations()) {
    if (![heat, heat2, keyed].includes(id)) await stack.ask('DELETE', `/ca/instrumentations/${id}`);
  }
});
afterAll(async () => {
  await Promise.allSettled([browser?.close(), stack?.stop()]);
});

const visit = (run: (open: Open) => Promise<void>): Promise<void> => visiting(browser, stack.url, run);

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
interface Plot {
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>;
}

const instrumentations = (): Promise<readonly Shown[]> => stack.get<readonly Shown[]>('/ca/instrumentations');

/** What the page shows, in the order of its panels. */
const shown = (page: Page): Promise<readonly Shown[]> =>
  Promise.all(panelIds(page).map((id) => stack.get<Shown>(`/ca/instrumentations/${id}`)));

interface Complete {
  readonly end_time: number;
  readonly completeness: readonly { readonly expected: number; readonly reporting: number }[];
}

/** End of some seconds that every node has reported: nothing can change them any more. */
function closedSecond(): Promise<number> {
  return until('seconds that are complete', 60_000, async () => {
    const value = await stack.get<Complete>(`/ca/instrumentations/${heat}/value/raw?duration=6`);
    const { completeness, end_time } = value;
    return completeness.every(({ expected, reporting }) => expected === 2 && reporting === 2)
      ? end_time
      : undefined;
  });
}

test.concurrent('from the empty page to a live heatmap, by keyboard alone', () =>
  visit(async (open) => {
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
    const [made] = await shown(page);
    expect(made).toMatchObject({
      predicate: { ge: ['latency', 1_000_000] },
      decomposition: ['optype', 'latency'],
    });
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([new URL(stack.url).host]);
  }),
);

test.concurrent('a key is highlighted in its own hue, isolated, and left out', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60~axis=linear`);
    await columns(page, 5);
    expect([...(await huesOf(page))].sort()).toEqual(['ground', 'rest']);
    await page.locator('.legend-row').first().click();
    const key = await page.locator('.legend-row[aria-pressed=true] .key').textContent();
    expect(page.url()).toContain(`key=${key ?? ''}`);
    await until('the key’s hue', 15_000, async () => ((await huesOf(page)).has('key') ? true : undefined));
    await page.getByLabel('Only', { exact: true }).check();
    await until('nothing but the key', 15_000, async () =>
      (await huesOf(page)).has('rest') ? undefined : true,
    );
    await page.getByLabel('Without', { exact: true }).check();
    await until('everything but the key', 15_000, async () =>
      (await huesOf(page)).has('key') ? undefined : true,
    );
  }),
);

test.concurrent('the data table has the percentiles of the window, of all and of each key', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
    await columns(page, 5);
    const keys = await page.locator('.legend-row').count();
    await page.getByText('Data table').click();
    const table = page.getByRole('table', { name: /^Percentiles of the window, by key/ });
    await table.locator('tbody tr').nth(keys).waitFor();
    expect(await table.locator('thead th').allTextContents()).toEqual([
      'key',
      'operations',
      'p50',
      'p95',
      'p99',
    ]);
    // Cells, not the inner text of rows, which has tabs only where the table is drawn.
    const rows: string[] = [];
    for (const row of await table.locator('tbody tr').all())
      rows.push((await row.locator('th, td').allTextContents()).join('\t'));
    expect(rows[0]).toMatch(/^all\t/);
    for (const row of rows) expect(row).toMatch(/^\S.*\t[\d,]+(\t[\d.]+ (ns|µs|ms|s)){3}$/);
  }),
);

test.concurrent('a box drawn on the picture says what is special in it, and becomes an instrumentation', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
    await columns(page, 8);
    await drag(page, [0.3, 0.02], [0.98, 0.6]);
    await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
    const box = /~box=([^~&]*)/.exec(page.url())?.[1];
    const [, , low = 0, high = 0] = decodeURIComponent(box ?? '')
      .split(',')
      .map(Number);
    expect(high).toBeGreaterThan(low);
    // The comparison is asked for once the box stands.
    await page.locator('.special tbody tr').first().waitFor();
    await page.getByRole('button', { name: 'Count only these' }).click();
    await until('a panel beside', 15_000, async () =>
      (await page.locator('.panel').count()) === 2 ? true : undefined,
    );
    const [, made] = await shown(page);
    expect(made?.predicate).toEqual({
      and: [{ ge: ['latency', Math.ceil(low)] }, { le: ['latency', Math.ceil(high) - 1] }],
    });
    // And from the table, about one key alone.
    const key = (await page.locator('.special tbody th').first().textContent()) ?? '';
    await page.getByRole('button', { name: `count only this: ${key}` }).click();
    await until('a third panel', 15_000, async () =>
      (await page.locator('.panel').count()) === 3 ? true : undefined,
    );
    // It stands right beside the box, too.
    const [, third] = await shown(page);
    expect(third?.predicate).toEqual({
      and: [
        { ge: ['latency', Math.ceil(low)] },
        { le: ['latency', Math.ceil(high) - 1] },
        { eq: ['optype', key] },
      ],
    });
  }),
);

test.concurrent('everything that is shown comes back from the address', () =>
  visit(async (open) => {
    const first = await open(`?panel=${heat}~window=120~color=log~axis=log`);
    await columns(first.page, 5);
    await first.page.locator('.legend-row').first().click();
    await first.page.getByRole('button', { name: 'p50 p95 p99' }).click();
    await drag(first.page, [0.5, 0.1], [0.9, 0.5]);
    await first.page.getByRole('button', { name: 'Hold the picture' }).click();
    await first.page.getByRole('button', { name: 'Jump to now' }).waitFor();
    const address = first.page.url();
    const end = await endOf(first.page);
    await first.page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();

    const second = await open(address.slice(stack.url.length));
    await columns(second.page, 5);
    expect(await endOf(second.page)).toBe(end);
    // A report of the last seconds that came late reaches the one sooner than the other.
    await until('both pages showing the same', 60_000, async () =>
      isDeepStrictEqual(await pixelsOf(first.page), await pixelsOf(second.page)) ? true : undefined,
    );
    expect(await second.page.locator('.legend-row[aria-pressed=true]').count()).toBe(1);
    expect(await second.page.locator('.overlay .line.p99').count()).toBe(1);
    await second.page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
    expect(second.page.url()).toBe(address);
  }),
);

test.concurrent('now and then stand side by side on one axis, with their difference', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60~versus=60`);
    await columns(page, 3);
    // All of one moment: the three are drawn in one step, and must be read in one.
    const plots = await page
      .locator('.plot')
      .evaluateAll((all: readonly Plot[]) =>
        all.map((plot) => [
          Number(plot.getAttribute('data-end')),
          [...plot.querySelectorAll('.tick[text-anchor=end]')].map((tick) => tick.textContent).join(),
        ]),
      );
    const [now = [], then = [], difference = []] = plots;
    expect(plots).toHaveLength(3);
    expect(Number(now[0]) - Number(then[0])).toBe(60);
    expect(difference[0]).toBe(now[0]);
    expect(new Set(plots.map(([, ticks]) => ticks)).size).toBe(1);
  }),
);

test.concurrent('the keyboard reaches a cell, pins it, and draws a box', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
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
  }),
);

test.concurrent('a graph is drawn for a plain number, and stacked by key', () =>
  visit(async (open) => {
    const plain = await ask({ module: 'unix', stat: 'proc_execs', decomposition: [] });
    const keyed = await ask({ module: 'disk', stat: 'physio_ops', decomposition: ['optype'] });
    const { page, complaints } = await open(`?panel=${plain}&panel=${keyed}`);
    await until('two graphs', 30_000, async () =>
      (await page.locator('.uplot canvas').count()) === 2 ? true : undefined,
    );
    const swatches = page.locator('.legend-row .swatch:not(.rest)');
    await until('coloured keys', 30_000, async () => ((await swatches.count()) === 2 ? true : undefined));
    expect(complaints).toEqual([]);
  }),
);

test.concurrent('an instrumentation is paused, resumed, and deleted unless that is taken back', () =>
  visit(async (open) => {
    const id = await ask({ ...LATENCY, granularity: 5 });
    const there = async (): Promise<boolean> => (await instrumentations()).some((i) => i.id === id);
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
    // Whoever uses the keyboard can take it back at once.
    await until('the panel to be gone', 15_000, async () =>
      (await page.locator('.panel').count()) === 0 ? true : undefined,
    );
    await page.keyboard.press('Enter');
    await page.locator('.run.shown').waitFor();
    expect(panelIds(page)).toEqual([id]);
    expect(await there()).toBe(true);
    // What is pending when the page goes away is done then.
    await page.locator('.run.shown').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.close();
    await until('it to be deleted', 15_000, async () => ((await there()) ? undefined : true));
    const again = await open(`?panel=${id}~metric=disk.physio_ops~by=optype~by=latency~granularity=5`);
    await again.page.getByText('This instrumentation no longer runs.').waitFor();
    await again.page.getByText('by operation type and latency').first().waitFor();
    expect(await again.page.getByPlaceholder('Search keys…').isVisible()).toBe(false);
    await again.page.getByRole('button', { name: 'Ask it again' }).click();
    await columns(again.page, 1);
  }),
);

test.concurrent('a refusal is a sentence beside the question', () =>
  visit(async (open) => {
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
  }),
);

// Late among those that run beside one another: by then there are closed seconds to look at.
let closed: Promise<number> | undefined;

/** A held picture of closed seconds on a linear axis: nothing in it can change any more. */
async function openHeld(open: Open, more: string): Promise<{ page: Page; asked: URL; end: number }> {
  const end = await (closed ??= closedSecond());
  const { page } = await open(DOORSTEP);
  const image = page.waitForRequest((request) => request.url().includes('/value/heatmap/image'));
  await page.goto(`${stack.url}?panel=${heat}~window=60~axis=linear~end=${end}${more}`);
  const asked = new URL((await image).url());
  await columns(page, 5);
  expect(await endOf(page)).toBe(end);
  return { page, asked, end };
}

test.concurrent.each([
  ['all together, by rank', ''],
  ['two keys of their own hue, linear', '~color=linear~key=read~key=write'],
  ['one key alone, logarithmic', '~color=log~mode=isolate~key=read'],
])('the canvas is the aggregator’s picture, pixel by pixel: %s', (_, view) =>
  visit(async (open) => {
    const { page, asked, end } = await openHeld(open, view);
    // Decoded by another decoder than the browser's.
    const { bytes } = await stack.bytes(asked.pathname.replace(/image$/, 'image.png') + asked.search);
    const { width, height, data } = PNG.sync.read(bytes);
    const shown = await pixelsOf(page);
    expect([shown.width, shown.height]).toEqual([width, height]);
    expect(Number(asked.searchParams.get('start_time')) + width).toBe(end);
    // One number if they differ: a list of 24,000 helps nobody.
    expect(countDifferent(shown.rgba, [...data])).toBe(0);
  }),
);

test.concurrent.each([
  ['alone', ''],
  ['beside an earlier time', '~versus=60'],
  ['beside another instrumentation', '~versus=%23'],
])('a heatmap %s costs one request a second, of a bounded size', (_, versus) =>
  visit(async (open) => {
    const more = versus.endsWith('%23') ? `${versus}${heat2}` : versus;
    const { page } = await open(`?panel=${heat}~window=60~mode=all~percentiles=on${more}`);
    await columns(page, 3);
    const sizes: number[] = [];
    const others: string[] = [];
    page.on('response', (response) => {
      const url = response.url();
      if (!url.includes('/value/')) return;
      if (url.includes('/heatmap/image?'))
        void response.body().then(
          ({ length }) => sizes.push(length),
          () => undefined,
        );
      else others.push(url);
    });
    const first = await endOf(page);
    await until('ten seconds', 60_000, async () => ((await endOf(page)) >= first + 10 ? true : undefined));
    const seconds = (await endOf(page)) - first;
    expect(others).toEqual([]);
    // One more where a late report is waited for.
    expect(sizes.length).toBeLessThanOrEqual(2 * seconds);
    for (const size of sizes) expect(size).toBeLessThan(more === '' ? 15_000 : 45_000);
  }),
);

function countDifferent(a: readonly number[], b: readonly number[]): number {
  return a.length === b.length ? a.filter((n, i) => n !== b[i]).length : Infinity;
}

test('the page says that the service is gone, and goes on by itself when it is back', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
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
  }));

test('a second that a node missed is marked, and names how many did report', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
    await columns(page, 3);
    const instrumenter = stack.instrumenters[1];
    instrumenter?.signal('SIGSTOP');
    try {
      await page.getByText('1 of 2 nodes', { exact: true }).waitFor({ timeout: 30_000 });
      expect(await page.locator('.overlay .strip.missing').count()).toBeGreaterThan(0);
    } finally {
      instrumenter?.signal('SIGCONT');
    }
  }));

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly unknown[];
  }[];
}

test.concurrent.each([
  ['light', 1280],
  ['dark', 1280],
  ['dark', 360],
] as const)('nothing that axe-core knows stands in anybody’s way (%s, %d pixels)', (theme, width) =>
  visit(async (open) => {
    const panels = [
      `${heat}~window=60~percentiles=on`,
      `${heat2}~window=60~versus=60`,
      keyed,
      'none~metric=a.b',
    ];
    for (const query of ['', `?${panels.map((panel) => `panel=${panel}`).join('&')}`]) {
      const { page } = await open(query, { dark: theme === 'dark', width });
      await page.locator('h2').nth(1).waitFor();
      if (query !== '') {
        await columns(page, 5);
        await page.locator('.uplot canvas').waitFor();
        await page.getByText('This instrumentation no longer runs.').waitFor();
        await drag(page, [0.4, 0.2], [0.9, 0.8]);
        await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
        await page.getByText('Data table').first().click();
        await page.locator('.by-key tbody tr').nth(1).waitFor();
      }
      // The page's policy forbids inline scripts; the tool is put in from outside of it.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResult>('axe.run()');
      expect(violations).toEqual([]);
      expect(await tooWide(page)).toEqual([]);
    }
  }),
);

test('ten seconds go by: four pictures move one column a second, show each second once, and cost little', () =>
  visit(async (open) => {
    const made = await Promise.all([ask(), ask()]);
    const ids = [heat, heat2, ...made];
    const { page, cpuSeconds } = await open(`?${ids.map((id) => `panel=${id}~window=60`).join('&')}`);
    await columns(page, 5);
    const [before, started] = [await cpuSeconds(), Date.now()];
    const steps = await drawings(page, 10);
    const share = ((await cpuSeconds()) - before) / ((Date.now() - started) / 1000);
    expectSteady(steps);
    console.log(`page with four heatmaps: ${(100 * share).toFixed(1)} % of a core`);
    expect(share).toBeLessThan(0.15);
  }));

test('the whole page fits into 150 KB, compressed', () => {
  const folder = join(__dirname, '..', '..', 'build', 'services', 'config', 'www');
  const files = readdirSync(folder).filter((file) => !file.endsWith('.map'));
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0);
  console.log(`the page: ${files.length} files, ${(bytes / 1024).toFixed(1)} KB compressed`);
  expect(bytes).toBeLessThan(150 * 1024);
});
