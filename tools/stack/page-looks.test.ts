/* How the page looks to different people and on different grounds, in a real browser on a real stack that invents its values. */
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import {
  openBrowser,
  panelIds,
  visiting,
  type Look,
  type Open,
  type OpenBrowser,
  type Page,
} from '../testing/browser';
import { columns, drag, endOf, pixelsOf } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

const LATENCY = { module: 'disk', stat: 'physio_ops', decomposition: ['optype', 'latency'] };

let stack: TestStack;
let browser: OpenBrowser;
let id: string;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startTestStack({ sources: ['synthetic'] }), openBrowser()]);
  id = (await stack.create(LATENCY)).split('/').at(-1) ?? '';
});
afterAll(async () => {
  await Promise.allSettled([browser?.close(), stack?.stop()]);
});

const visit = (step: (open: Open) => Promise<void>): Promise<void> => visiting(browser, stack.url, step);

interface Shown {
  readonly predicate: unknown;
}

/** "1.234" is a thousand and more in German, "1,5 ms" one and a half. */
test('a German browser groups and cuts numbers as Germans do, and no question is asked otherwise for it', () =>
  visit(async (open) => {
    for (const locale of ['en-US', 'de-DE']) {
      const { page, complaints } = await open(`?panel=${id}~window=60~axis=log`, { locale });
      await page.route('**/value/special?*', async (route) => {
        const response = await route.fetch();
        await route.fulfill({
          response,
          json: { ...((await response.json()) as object), inside: 1_234_567 },
        });
      });
      await columns(page, 5);
      await drag(page, [0.2, 0.101], [0.98, 0.899]);
      await page.locator('.special tbody tr').first().waitFor();
      expect(await page.locator('.box-card').textContent()).toContain(
        locale === 'de-DE' ? '1.234.567' : '1,234,567',
      );
      const ticks = (await page.locator('.overlay .tick').allTextContents()).join();
      expect(ticks).not.toMatch(locale === 'de-DE' ? /\d\.\d/ : /\d,\d\d? /);
      const [, , low = 0, high = 0] = (/~box=([^~&]*)/.exec(decodeURIComponent(page.url()))?.[1] ?? '')
        .split(',')
        .map(Number);
      expect(low).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Count only these', exact: true }).click();
      await until('the narrowed question', 20_000, () => (panelIds(page).length === 2 ? true : undefined));
      const asked = await stack.get<Shown>(`/ca/instrumentations/${panelIds(page)[1] ?? ''}`);
      expect(asked.predicate).toEqual({
        and: [{ ge: ['latency', Math.ceil(low)] }, { le: ['latency', Math.ceil(high) - 1] }],
      });
      expect(complaints).toEqual([]);
    }
  }));

/** Themes that pictures were asked for with, newest last. */
function themesAsked(page: Page): string[] {
  const themes: string[] = [];
  page.on('request', (request) => {
    const theme = new URL(request.url()).searchParams.get('theme');
    if (theme !== null) themes.push(theme);
  });
  return themes;
}

const themeOf = (page: Page): Promise<string> =>
  page.evaluate<string>('document.documentElement.dataset.theme');

/** Of some seconds the ground is white: those that are known; on a dark screen nothing is. */
async function isForPaper(page: Page): Promise<boolean> {
  const { rgba } = await pixelsOf(page);
  return rgba.some((_, i) => i % 4 === 0 && rgba[i] === 255 && rgba[i + 1] === 255 && rgba[i + 2] === 255);
}

test('on paper the page is light, and its pictures are painted for paper; afterwards it is as before', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60~axis=log`, { dark: true });
    const themes = themesAsked(page);
    await columns(page, 3);
    expect(await themeOf(page)).toBe('dark');
    await page.emulateMedia({ media: 'print' });
    await until('the theme of paper', 15_000, async () =>
      (await themeOf(page)) === 'print' ? true : undefined,
    );
    await until('a picture for paper', 15_000, async () =>
      themes.includes('print') && (await isForPaper(page)) ? true : undefined,
    );
    expect(await page.locator('.toolbar').first().isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen' });
    await until('the dark picture', 15_000, async () => ((await isForPaper(page)) ? undefined : true));
    expect(await themeOf(page)).toBe('dark');
  }));

test('a board on paper has its name, what it is narrowed by, pictures and keys, and nothing to click', () =>
  visit(async (open) => {
    const { body } = await stack.ask('POST', '/ca/boards', {
      name: 'Disks',
      variables: [{ field: 'hostname' }, { field: 'optype', value: 'read' }],
      panels: [LATENCY, { module: 'cpu', stat: 'usage', decomposition: ['cpumode'] }],
    });
    const { page } = await open(`?board=${(body as { readonly id: string }).id}`);
    await columns(page, 3);
    await page.emulateMedia({ media: 'print' });
    await until('the theme of paper', 15_000, async () =>
      (await themeOf(page)) === 'print' ? true : undefined,
    );
    const seen = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('button, input, select, summary, textarea')]
         .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.matches('.legend-row'))
         .map((e) => e.getAttribute('aria-label') ?? e.value)`,
    );
    expect(seen).toEqual(['Name of the board', 'read']);
    expect(await page.locator('.legend-row').count()).toBeGreaterThan(1);
  }));

test('a picture that is saved has the colours of its keys below it', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60~mode=all`);
    await columns(page, 3);
    const hues = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.swatch:not(.rest)')].map((e) => getComputedStyle(e).getPropertyValue('--key'))`,
    );
    expect(hues.length).toBeGreaterThan(1);
    const plot = await page.locator('.plot').boundingBox();
    const downloaded = page.waitForEvent('download');
    await page.locator('summary', { hasText: 'Share' }).click();
    await page.getByRole('button', { name: 'Save picture (PNG)' }).click();
    const { width, height, data } = PNG.sync.read(readFileSync((await (await downloaded).path()) ?? ''));
    const below = new Set<string>();
    // Below the plot stands nothing but the keys.
    for (let y = height - 40; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        below.add(`rgb(${data[at]} ${data[at + 1]} ${data[at + 2]})`);
      }
    for (const hue of hues) expect([...below]).toContain(hue);
    expect(height).toBeGreaterThan((plot?.height ?? Infinity) + 40);
  }));

test('names of 15 letters are read whole, and so is what a field may be compared by', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60`, { width: 1400 });
    await columns(page, 3);
    await page.locator('#ask-metric').fill('I/O operations');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('Field', { exact: true }).selectOption('latency');
    const cut = await page.evaluate<readonly string[]>(`(() => {
      const keys = [...document.querySelectorAll('.legend-row .key')];
      keys[0].textContent = 'kworker/u64:2-e';
      const names = keys.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent);
      const canvas = document.createElement('canvas').getContext('2d');
      const choices = [...document.querySelectorAll('.ask select')].filter((select) => {
        const style = getComputedStyle(select);
        canvas.font = style.font;
        const text = select.selectedOptions[0].textContent;
        // The arrow needs its room, too.
        return canvas.measureText(text).width + parseFloat(style.paddingLeft) + 16 > select.clientWidth;
      });
      return [...names, ...choices.map((select) => select.selectedOptions[0].textContent)];
    })()`);
    expect(cut).toEqual([]);
  }));

test('on a screen of 4K text grows, and proposals stand side by side', () =>
  visit(async (open) => {
    const { page } = await open('', { width: 3840, height: 2160 });
    await page.locator('.proposals li').nth(1).waitFor();
    const [size, first, second] = await page.evaluate<[number, number, number]>(
      `[parseFloat(getComputedStyle(document.documentElement).fontSize),
        ...[...document.querySelectorAll('.proposals li')].slice(0, 2).map((e) => e.getBoundingClientRect().top)]`,
    );
    expect(size).toBeGreaterThan(20);
    expect(Math.abs(first - second)).toBeLessThan(60);
  }));

test('Ctrl+P prints when the pictures are painted for paper, not before', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60~axis=log`, { dark: true });
    await columns(page, 3);
    expect(await isForPaper(page)).toBe(false);
    await page.evaluate(`window.print = () => {
      const canvas = document.querySelector('canvas.cells');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const white = data.some((_, i) => i % 4 === 0 && data[i] + data[i + 1] + data[i + 2] === 765);
      window.printed = [document.documentElement.dataset.theme, white];
    }`);
    await page.keyboard.press('Control+p');
    const printed = await until('it to print', 15_000, () =>
      page.evaluate<readonly [string, boolean] | undefined>('window.printed'),
    );
    expect(printed).toEqual(['print', true]);
    await until('the screen again', 15_000, async () =>
      (await themeOf(page)) === 'dark' ? true : undefined,
    );
  }));

test('with colours of the system every text has them, pictures and swatches keep their own', () =>
  visit(async (open) => {
    const { page, complaints } = await open(`?panel=${id}~window=60~axis=log`);
    await page.emulateMedia({ forcedColors: 'active' });
    await columns(page, 3);
    await page.locator('.legend-row').first().click();
    await page.locator('.legend-row[aria-pressed=true]').waitFor();
    const seen = await page.evaluate<Readonly<Record<string, string>>>(`(() => {
      const probe = document.body.appendChild(document.createElement('p'));
      probe.style.color = 'CanvasText';
      const system = getComputedStyle(probe).color;
      const of = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
      return {
        system,
        title: of('.panel h2', 'color'),
        swatch: of('.legend-row[aria-pressed=true] .swatch', 'forcedColorAdjust'),
        plot: of('.plot', 'forcedColorAdjust'),
        chosen: of('.legend-row[aria-pressed=true]', 'outlineStyle'),
      };
    })()`);
    expect(seen).toEqual({ ...seen, title: seen['system'], swatch: 'none', plot: 'none', chosen: 'solid' });
    expect(complaints).toEqual([]);
  }));

test.each([false, true])('with strong contrast no text is faint (dark: %s)', (dark) =>
  visit(async (open) => {
    const look: Look = { dark };
    const { page } = await open(`?panel=${id}~window=60`, look);
    await columns(page, 3);
    const contrastOf = (): Promise<number> =>
      page.evaluate<number>(`(() => {
        const light = (colour) => {
          const [r, g, b] = colour.match(/[\\d.]+/g).map((n) => {
            const c = n / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const text = light(getComputedStyle(document.querySelector('.caption.muted')).color);
        const ground = light(getComputedStyle(document.querySelector('.panel')).backgroundColor);
        return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
      })()`);
    const usual = await contrastOf();
    await page.emulateMedia({ contrast: 'more' });
    const strong = await contrastOf();
    // Of muted text; 7:1 is what WCAG calls enhanced.
    expect(usual).toBeGreaterThanOrEqual(4.5);
    expect(strong).toBeGreaterThanOrEqual(12);
  }),
);

test('a box that is outside the window says so, and is compared when it is back', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60~axis=log`);
    await columns(page, 5);
    const end = await endOf(page);
    const low = `?panel=${id}~window=15~end=${end}~axis=log~box=${end - 40},${end - 30},0,1000000000`;
    await page.goto(`${stack.url}${low}`);
    await page.getByText('This box is outside the window that is shown.').waitFor();
    await page.getByText('Scroll back to it').waitFor();
    await page.getByLabel('Window', { exact: true }).selectOption('60');
    await page
      .locator('.box-card')
      .getByText(/of what is on the screen/)
      .waitFor();
    expect(await page.getByText('This box is outside').count()).toBe(0);
  }));

test('what is held is what is on the screen', () =>
  visit(async (open) => {
    const { page } = await open(`?panel=${id}~window=60~axis=log`);
    await columns(page, 3);
    const before = await endOf(page);
    await until('some seconds', 20_000, async () => ((await endOf(page)) >= before + 4 ? true : undefined));
    await page.getByRole('button', { name: 'Hold the picture' }).click();
    await page.getByRole('button', { name: 'Jump to now' }).waitFor();
    expect(await endOf(page)).toBeGreaterThanOrEqual(before + 4);
  }));

test('of many pictures those in sight move each second, the others every few seconds, and at once when they are looked at', () =>
  visit(async (open) => {
    const more = await Promise.all(
      Array.from({ length: 5 }, () => stack.create({ ...LATENCY, granularity: 1 })),
    );
    const ids = [id, ...more.map((uri) => uri.split('/').at(-1) ?? '')];
    const { page } = await open(`?${ids.map((one) => `panel=${one}~window=60`).join('&')}`, { height: 700 });
    await columns(page, 3);
    const last = page.locator('.panel').last().locator('[data-end]');
    await last.waitFor({ state: 'attached' });
    const asked = new Map<string, number>();
    page.on('request', (request) => {
      const of = /instrumentations\/(\d+)\/value\/heatmap\/image/.exec(request.url())?.[1];
      if (of !== undefined) asked.set(of, (asked.get(of) ?? 0) + 1);
    });
    const from = await endOf(page);
    await until('ten seconds', 30_000, async () => ((await endOf(page)) >= from + 10 ? true : undefined));
    const [first = 0, far = 0] = [asked.get(ids[0] ?? ''), asked.get(ids.at(-1) ?? '')];
    expect(first).toBeGreaterThanOrEqual(9);
    expect(far).toBeGreaterThanOrEqual(1);
    expect(far).toBeLessThanOrEqual(4);
    await last.scrollIntoViewIfNeeded();
    const newest = await endOf(page);
    await until('the newest second', 2500, async () =>
      Number(await last.getAttribute('data-end')) >= newest ? true : undefined,
    );
    for (const uri of more) await stack.ask('DELETE', uri);
  }));

/** Left edge and width of a mark, in parts of the picture; and whether it is as high as that. */
async function markIn(page: Page, panel: number, mark: string): Promise<readonly number[] | undefined> {
  return page.evaluate<readonly number[] | undefined>(`(() => {
    const panel = document.querySelectorAll('.panel')[${panel}];
    const [box, frame] = ['${mark}', '.frame'].map((name) => panel.querySelector('.overlay ' + name));
    if (box === null || frame === null) return undefined;
    const [b, f] = [box, frame].map((one) => ['x', 'width', 'height'].map((n) => Number(one.getAttribute(n))));
    return [(b[0] - f[0]) / f[1], b[1] / f[1], b[2] / f[2]];
  })()`);
}

test('a box is common to all pictures of a board: its card is where it was drawn, its seconds are on all', () =>
  visit(async (open) => {
    const panels = [
      { ...LATENCY, title: 'Disks' },
      { ...LATENCY, title: 'Slow', predicate: { ge: ['latency', 1000] } },
      { module: 'cpu', stat: 'usage', decomposition: ['cpumode'], title: 'CPUs' },
    ];
    const made = await stack.ask('POST', '/ca/boards', {
      name: 'One box',
      window: 60,
      variables: [],
      panels,
    });
    expect(made.status).toBe(201);
    const { page, complaints } = await open(`?board=${(made.body as { id: string }).id}`, { height: 1800 });
    await columns(page, 8);
    await page.getByRole('button', { name: 'Hold the picture' }).first().click();
    await until('all held', 15_000, async () =>
      (await page.getByRole('button', { name: 'Jump to now' }).count()) === 3 ? true : undefined,
    );
    const card = (panel: number): Promise<number> =>
      page.locator('.panel').nth(panel).locator('.box-card').count();
    await drag(page, [0.5, 0.2], [0.9, 0.8]);
    await page.locator('.panel').nth(0).locator('.box-card').waitFor();
    const drawn = await markIn(page, 0, '.box');
    const elsewhere = await until('its seconds on the other', 10_000, () =>
      markIn(page, 1, '.box.elsewhere'),
    );
    expect(elsewhere.slice(0, 2).map((n) => n.toFixed(2))).toEqual(
      drawn?.slice(0, 2).map((n) => n.toFixed(2)),
    );
    expect(elsewhere[2]).toBeCloseTo(1, 2);
    expect(drawn?.[2]).toBeLessThan(0.9);
    expect([await card(0), await card(1), await card(2)]).toEqual([1, 0, 0]);
    expect(page.url().match(/~box=/g)).toHaveLength(1);

    // The address alone says it as well.
    const again = await open(page.url().slice(stack.url.length), { height: 1800 });
    await until('the seconds on the other', 20_000, () => markIn(again.page, 1, '.box.elsewhere'));

    // A second box takes the place of the first, and Escape takes it away everywhere.
    const other = page.locator('.panel').nth(1).locator('canvas.cells');
    const { x, y, width, height } = (await other.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(x + 0.3 * width, y + 0.3 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.6 * width, y + 0.6 * height, { steps: 4 });
    await page.mouse.up();
    await page.locator('.panel').nth(1).locator('.box-card').waitFor();
    await until('the first card to go', 10_000, async () => ((await card(0)) === 0 ? true : undefined));
    await until('the seconds on the first', 10_000, () => markIn(page, 0, '.box.elsewhere'));
    await page.locator('.panel').nth(1).getByRole('button', { name: 'Remove the box' }).click();
    await until('no box anywhere', 10_000, async () =>
      (await page.locator('.overlay .box').count()) === 0 ? true : undefined,
    );
    expect(complaints).toEqual([]);
  }));
