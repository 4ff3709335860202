/* The page with hostile data: strange keys, too many of them, and other users. */
import {
  openBrowser,
  tooWide,
  visiting,
  type Look,
  type Open,
  type OpenBrowser,
  type Visit,
} from '../testing/browser';
import { columns, drag, endOf } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

let stack: TestStack;
let browser: OpenBrowser;
let heat: string;

const LATENCY = { module: 'disk', stat: 'physio_ops', decomposition: ['optype', 'latency'] };

beforeAll(async () => {
  [stack, browser] = await Promise.all([startTestStack({ sources: ['synthetic'] }), openBrowser()]);
  heat = await ask(LATENCY);
});
afterAll(async () => {
  await Promise.allSettled([browser?.close(), stack?.stop()]);
});

async function ask(question: Readonly<Record<string, unknown>>): Promise<string> {
  const uri = await stack.create(question);
  return uri.slice(uri.lastIndexOf('/') + 1);
}

const visit = (run: (open: Open) => Promise<void>): Promise<void> => visiting(browser, stack.url, run);

/** In the browser: these keys were counted, whatever was, the first most often; the list has a hundred of those searched for. */
function inventKeys(keys: readonly string[]): void {
  const answer = globalThis.fetch;
  globalThis.fetch = async (...args) => {
    const response = await answer(...args);
    const url = new URL(response.url);
    if (!url.pathname.endsWith('/value/heatmap/image') || !response.ok) return response;
    const picture = (await response.json()) as object;
    const wanted = url.searchParams.get('search') ?? '';
    const selected = JSON.parse(url.searchParams.get('selected') ?? '[]') as string[];
    const all = keys.map((key, i) => ({ key, total: keys.length - i, hue: 200 }));
    const found = all.filter(({ key }) => key.includes(wanted)).slice(0, 100);
    const listed = all.filter((one) => found.includes(one) || selected.includes(one.key));
    const total = (keys.length * (keys.length + 1)) / 2;
    const omitted = { keys: keys.length - listed.length, total: 0 };
    return new Response(JSON.stringify({ ...picture, keys: listed, omitted, total }), {
      headers: response.headers,
    });
  };
}

async function openWith(open: Open, keys: readonly string[], query: string, look: Look = {}): Promise<Visit> {
  const opened = await open('', look);
  await opened.page.addInitScript(inventKeys, keys);
  await opened.page.goto(`${stack.url}${query}`);
  return opened;
}

const HOSTILE = [
  '<img src=x onerror="window.hurt=1">',
  '"><script>window.hurt=1</script>',
  `'; drop table "keys"; --`,
  '__proto__',
  'constructor',
  '',
  ' ',
  'a,b~c&d=e#f?g%h+i',
  'line\nbreak\ttab\u0000nul\u001b[31m',
  '\u202Egnp.exe\u202C',
  'مفتاح עברית',
  '👩‍👩‍👧‍👦 é',
  'long/'.repeat(60),
];

test.concurrent.each([1280, 360])('keys that nobody would choose stay text, at %d pixels', (width) =>
  visit(async (open) => {
    const { page, complaints } = await openWith(open, HOSTILE, `?panel=${heat}~window=60~axis=log`, {
      width,
    });
    await columns(page, 3);
    expect(await page.locator('.legend-row').count()).toBe(HOSTILE.length);
    for (let i = 0; i < HOSTILE.length; i++) {
      await page.locator('.legend-row').nth(i).click();
      await page.locator(`li:nth-child(${i + 1}) > .legend-row[aria-pressed=true]`).waitFor();
      // What the address holds is what was chosen.
      const chosen = decodeURIComponent(/~key=([^~&]*)/.exec(page.url())?.[1] ?? 'none');
      expect(chosen).toBe(HOSTILE[i]);
    }
    await drag(page, [0.5, 0.02], [0.98, 0.98]);
    await page.getByRole('heading', { name: 'What is special in this box?' }).waitFor();
    await page.getByText('Data table').first().click();
    expect(await page.evaluate('window.hurt')).toBeUndefined();
    expect(await tooWide(page)).toEqual([]);
    expect(complaints).toEqual([]);
  }),
);

test.concurrent('among ten thousand keys one is found while typing, and the page stays alive', () =>
  visit(async (open) => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `/srv/data/file-${i}.log`);
    const { page, complaints } = await openWith(open, keys, `?panel=${heat}~window=60~axis=log`);
    await columns(page, 3);
    // What is out of sight comes when the list is scrolled: a hundred keys in all.
    const rows = page.locator('.legend-row');
    expect(await rows.count()).toBeLessThan(100);
    await until('a hundred rows', 30_000, async () => {
      await rows.last().scrollIntoViewIfNeeded();
      return (await rows.count()) === 100 ? true : undefined;
    });
    await page.locator('.legend-list').evaluate((list: { scrollTop: number }) => {
      list.scrollTop = 0;
    });
    await until('few rows again', 10_000, async () => ((await rows.count()) < 100 ? true : undefined));
    const search = page.getByLabel('Search keys');
    const took = await search.evaluate((input: { value: string; dispatchEvent(e: unknown): void }) => {
      const started = performance.now();
      input.value = 'file-9876';
      input.dispatchEvent(new Event('input'));
      return performance.now() - started;
    });
    console.log(`search among the keys that are listed: ${took.toFixed(1)} ms`);
    // The others are looked for by the service.
    await until('the one key', 30_000, async () =>
      (await page.locator('.legend-row').count()) === 1 ? true : undefined,
    );
    await page.locator('.legend-row').click();
    await page.locator('.legend-row[aria-pressed=true]').waitFor();
    const end = await endOf(page);
    await until('newer seconds', 60_000, async () => ((await endOf(page)) > end + 1 ? true : undefined));
    expect(complaints).toEqual([]);
  }),
);

test.concurrent('on paper a list of keys is whole, or says how many more there are', () =>
  visit(async (open) => {
    for (const count of [35, 140]) {
      const keys = Array.from({ length: count }, (_, i) => `key ${i}`);
      const { page } = await openWith(open, keys, `?panel=${heat}~window=60`);
      await columns(page, 1);
      const rows = page.locator('.legend-row');
      await rows.nth(19).waitFor();
      expect(await rows.count()).toBeLessThan(count);
      // What a browser does before it prints from its own menu, without waiting for anything.
      const printed = await page.evaluate<readonly [number, string]>(`(() => {
        window.dispatchEvent(new Event('beforeprint'));
        const list = [document.querySelectorAll('.legend-row').length, document.querySelector('.legend-more').textContent];
        window.dispatchEvent(new Event('afterprint'));
        return list;
      })()`);
      expect(printed[0]).toBe(Math.min(100, count));
      expect(printed[1].includes('40 more.')).toBe(count === 140);
      expect(await rows.count()).toBeLessThan(count);
    }
  }),
);

test.concurrent('two people at once: what the one pauses, resumes and deletes, the other sees', () =>
  visit(async (open) => {
    const id = await ask(LATENCY);
    const [{ page: one }, { page: other }] = [
      await open(`?panel=${id}~window=60`),
      await open(`?panel=${id}~window=60`),
    ];
    const row = one.locator('.run.shown');
    await row.getByRole('button', { name: 'Pause' }).click();
    await other.getByText('Paused: no node counts.').waitFor();
    await row.getByRole('button', { name: 'Resume' }).click();
    await other.locator('.badge.live').waitFor();
    await row.getByRole('button', { name: 'Delete' }).click();
    await other.getByText('This instrumentation no longer runs.').waitFor();
    expect(await other.getByRole('button', { name: 'Ask it again' }).count()).toBe(1);
  }),
);

test.concurrent('the back button leads back to all that was shown', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
    await columns(page, 2);
    await page.locator('.legend-row').first().click();
    await page.locator('.legend-row[aria-pressed=true]').waitFor();
    const address = page.url();
    await page.goto(`${stack.url}ca/docs`);
    await page.goBack();
    expect(page.url()).toBe(address);
    await page.locator('.legend-row[aria-pressed=true]').waitFor();
  }),
);

test.concurrent('an hour is drawn in as many columns as fit, each a sum of seconds', () =>
  visit(async (open) => {
    const id = await ask({ ...LATENCY, 'retention-time': 3600 });
    const { page, complaints } = await open(`?panel=${id}~window=3600`);
    await columns(page, 1);
    const [start, end, width] = await page
      .locator('.plot')
      .evaluate(
        (plot: { getAttribute(n: string): string; querySelector(s: string): { readonly width: number } }) => [
          Number(plot.getAttribute('data-start')),
          Number(plot.getAttribute('data-end')),
          plot.querySelector('canvas').width,
        ],
      );
    expect((end ?? 0) - (start ?? 0)).toBe(3600);
    expect(width).toBe(600);
    expect(complaints).toEqual([]);
  }),
);

test.concurrent('a held picture asks for nothing more', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${heat}~window=60`);
    await columns(page, 3);
    await page.getByRole('button', { name: 'Hold the picture' }).click();
    await page.getByRole('button', { name: 'Jump to now' }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // A second or two may still be mended; then five rounds of the list go by with no value asked for.
    await until('only the list being asked for', 60_000, () => {
      const values = asked.findLastIndex((url) => url.includes('/value/'));
      return asked.slice(values + 1).filter((url) => url.endsWith('/ca/instrumentations')).length >= 3
        ? true
        : undefined;
    });
    await page.getByRole('button', { name: 'Jump to now' }).click();
    const end = await endOf(page);
    await until('newer seconds', 60_000, async () => ((await endOf(page)) > end ? true : undefined));
  }),
);
