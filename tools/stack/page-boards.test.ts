/* Boards, the way to an answer, and times, in a real browser on a real stack that invents its values (seeded). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACTL } from '../cactl/commands';
import { run } from '../cactl/testing/console';
import {
  openBrowser,
  panelIds,
  tooWide,
  visiting,
  type Open,
  type OpenBrowser,
  type Page,
} from '../testing/browser';
import { columns, drag } from '../testing/plot-reading';
import { startTestStack, type TestStack } from '../testing/test-stack';
import { until } from '../testing/until';

jest.setTimeout(180_000);

let stack: TestStack;
let browser: OpenBrowser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ca-page-boards-'));
  [stack, browser] = await Promise.all([startTestStack({ sources: ['synthetic'] }), openBrowser()]);
});
beforeEach(async () => {
  for (const { id } of await boards()) await stack.ask('DELETE', `/ca/boards/${id}`);
  for (const { id } of await instrumentations()) await stack.ask('DELETE', `/ca/instrumentations/${id}`);
});
afterAll(async () => {
  await Promise.allSettled([browser?.close(), stack?.stop()]);
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly id: string;
  readonly module: string;
  readonly stat: string;
  readonly predicate: object;
  readonly decomposition: readonly string[];
}
interface Kept {
  readonly id: string;
  readonly name: string;
  readonly window?: number;
  readonly variables: readonly object[];
  readonly panels: readonly (Omit<Asked, 'id'> & { readonly title?: string; readonly size?: string })[];
}

const visit = (step: (open: Open) => Promise<void>): Promise<void> => visiting(browser, stack.url, step);
const instrumentations = (): Promise<readonly Asked[]> => stack.get('/ca/instrumentations');
const boards = (): Promise<readonly Kept[]> => stack.get('/ca/boards');
const titles = (page: Page): Promise<string[]> => page.locator('.panel h2').allTextContents();

/** Panels as soon as there are so many. */
function panels(page: Page, count: number): Promise<true> {
  return until(`${count} panels`, 30_000, async () =>
    (await page.locator('.panel').count()) === count ? true : undefined,
  );
}

const BOARD = {
  name: 'Two',
  window: 60,
  variables: [{ field: 'hostname' }, { field: 'optype' }],
  panels: [
    { module: 'disk', stat: 'physio_ops', decomposition: ['optype', 'latency'], title: 'Disks' },
    { module: 'cpu', stat: 'usage', decomposition: ['cpumode'], title: 'CPUs' },
  ],
};

async function keep(board: object = BOARD): Promise<string> {
  const { status, body } = await stack.ask('POST', '/ca/boards', board);
  expect(status).toBe(201);
  return (body as Kept).id;
}

test('the first visit offers three boards; one click asks their questions, saving keeps them', () =>
  visit(async (open) => {
    const { page, complaints } = await open();
    const offered = page.locator('.starters button strong');
    await offered.first().waitFor();
    expect(await offered.allTextContents()).toEqual(['Machine health', 'Slow requests', 'Storage']);
    expect(await instrumentations()).toEqual([]);
    await page.getByRole('button', { name: /^Storage/ }).click();
    await page.getByLabel('Name of the board').waitFor();
    await panels(page, 7);
    expect(await instrumentations()).toHaveLength(7);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Saved' }).waitFor();
    const [kept] = await boards();
    expect(kept).toMatchObject({ name: 'Storage', variables: [{}, {}, {}] });
    await until('the titles', 15_000, async () =>
      (await titles(page)).join() === kept?.panels.map(({ title }) => title).join() ? true : undefined,
    );
    // By its address alone it is the same, and asks nothing twice.
    const again = await open(`?board=${kept?.id ?? ''}`);
    await panels(again.page, 7);
    await until('the same titles', 15_000, async () =>
      (await titles(again.page)).join() === (await titles(page)).join() ? true : undefined,
    );
    expect(await instrumentations()).toHaveLength(7);
    expect(await again.page.title()).toBe('Storage – Cloud Analytics');
    expect(complaints).toEqual([]);
  }));

test('a variable narrows each panel that has its field, as an object whatever its text, and goes again', () =>
  visit(async (open) => {
    const id = await keep();
    const { page } = await open(`?board=${id}`);
    await panels(page, 2);
    const before = panelIds(page);
    const text = 'read" || 1 == 1 || optype == "';
    await page.getByLabel('operation type', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
    const narrow = await until('a narrowed question', 20_000, () =>
      panelIds(page)[0] === before[0] ? undefined : panelIds(page)[0],
    );
    expect(await stack.get<Asked>(`/ca/instrumentations/${narrow}`)).toMatchObject({
      predicate: { eq: ['optype', text] },
      decomposition: ['optype', 'latency'],
    });
    // CPUs have no such field.
    expect(panelIds(page)[1]).toBe(before[1]);
    // The link holds it; what is saved is the panel's own question, and the value beside it.
    const link = await open(page.url().slice(stack.url.length));
    await panels(link.page, 2);
    expect(panelIds(link.page)).toEqual(panelIds(page));
    await page.getByRole('button', { name: 'Save' }).click();
    await until('the board with its value', 15_000, async () => {
      const [kept] = await boards();
      return JSON.stringify(kept?.variables).includes('|| 1 == 1') ? true : undefined;
    });
    expect((await boards())[0]?.panels[0]?.predicate).toEqual({});
    await page.getByLabel('operation type', { exact: true }).fill('');
    await page.keyboard.press('Enter');
    await until('the question of before', 20_000, () => (panelIds(page)[0] === before[0] ? true : undefined));
  }));

test('a link to a board goes on when what it asked has ended', () =>
  visit(async (open) => {
    const id = await keep();
    const { page } = await open(`?board=${id}`);
    await panels(page, 2);
    const address = page.url().slice(stack.url.length);
    await page.close();
    for (const one of await instrumentations()) await stack.ask('DELETE', `/ca/instrumentations/${one.id}`);
    const again = await open(address);
    await columns(again.page, 1);
    expect(await instrumentations()).toHaveLength(2);
  }));

test('time and keys are common to all pictures of a board; places and sizes are its own, by keyboard and by dragging', () =>
  visit(async (open) => {
    const id = await keep({
      ...BOARD,
      panels: [
        ...BOARD.panels,
        { ...BOARD.panels[0], title: 'Disks again', predicate: { ge: ['latency', 1000] } },
      ],
    });
    // All of it in sight: what scrolls under the pointer is not dragged.
    const { page } = await open(`?board=${id}`, { height: 1800 });
    await panels(page, 3);
    await columns(page, 3);
    await page.locator('.panel').first().getByLabel('Window', { exact: true }).selectOption('120');
    await until('all windows', 15_000, () =>
      page.url().match(/window=120/g)?.length === 3 ? true : undefined,
    );
    await page.locator('.panel').nth(1).getByRole('button', { name: 'Hold the picture' }).click();
    await until('all held', 15_000, async () =>
      (await page.getByRole('button', { name: 'Jump to now' }).count()) === 3 ? true : undefined,
    );
    await page.getByRole('button', { name: 'Now', exact: true }).first().click();
    await page.locator('.panel').first().locator('.legend-row').first().click();
    await until('the key in both', 15_000, async () =>
      (await page.locator('.legend-row[aria-pressed=true]').count()) === 2 ? true : undefined,
    );

    await page.locator('.handle').first().focus();
    await page.keyboard.press('ArrowRight');
    await until('the order of the arrow', 10_000, async () =>
      (await titles(page)).join() === 'CPUs,Disks,Disks again' ? true : undefined,
    );
    // The focus stays, so that one goes on.
    await page.keyboard.press('ArrowRight');
    await until('the order of the second arrow', 10_000, async () =>
      (await titles(page)).join() === 'CPUs,Disks again,Disks' ? true : undefined,
    );
    await page.keyboard.press('+');
    expect(await page.locator('.panel').nth(2).getAttribute('data-size')).toBe('wide');
    await page.locator('.handle').first().dragTo(page.locator('.panel').nth(1));
    await until('the order of the drop', 10_000, async () =>
      (await titles(page)).join() === 'Disks again,CPUs,Disks' ? true : undefined,
    );
    await page.getByRole('button', { name: 'Save' }).click();
    await until('the new order', 15_000, async () =>
      (await boards())[0]?.panels[2]?.size === 'wide' ? true : undefined,
    );
    expect((await boards())[0]?.panels.map(({ title }) => title)).toEqual(['Disks again', 'CPUs', 'Disks']);
  }));

test('pictures that are shown become a board; it is deleted unless that is taken back', () =>
  visit(async (open) => {
    const uri = await stack.create({
      module: 'disk',
      stat: 'physio_ops',
      decomposition: ['optype', 'latency'],
    });
    const { page } = await open(`?panel=${uri.split('/').at(-1) ?? ''}`);
    await columns(page, 1);
    await page.locator('summary', { hasText: 'Boards' }).click();
    await page.getByRole('button', { name: 'Make these pictures a board' }).click();
    await page.getByLabel('Name of the board').fill('Mine <b>');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Saved' }).waitFor();
    expect(await boards()).toMatchObject([{ name: 'Mine <b>', panels: [{ module: 'disk' }] }]);
    await page.getByRole('region', { name: 'Board' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Saved' }).waitFor();
    expect(await boards()).toHaveLength(1);
    await page.getByRole('region', { name: 'Board' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.close();
    await until('it to be deleted', 15_000, async () => ((await boards()).length === 0 ? true : undefined));
  }));

test('two people who save the same board: the second one is told', () =>
  visit(async (open) => {
    const id = await keep();
    const { page } = await open(`?board=${id}`);
    await panels(page, 2);
    await stack.ask('PUT', `/ca/boards/${id}`, { ...BOARD, name: 'Changed meanwhile' });
    await page.getByLabel('Name of the board').fill('Mine');
    await page.keyboard.press('Enter');
    await page.locator('.toast', { hasText: 'has revision 2 by now, not 1' }).waitFor();
    expect(await boards()).toMatchObject([{ name: 'Changed meanwhile' }]);
  }));

test('a board goes into a file and comes back from it, the same for the page', () =>
  visit(async (open) => {
    const id = await keep();
    const cactl = (...argv: string[]) => run(CACTL, [...argv, '--url', stack.url]);
    const file = join(folder, 'boards.yaml');
    writeFileSync(file, (await cactl('boards', 'export')).out);
    expect(readFileSync(file, 'utf8')).toContain('metric: disk.physio_ops');
    await stack.ask('DELETE', `/ca/boards/${id}`);
    expect((await cactl('apply', '-f', file, '--yes')).status).toBe(0);
    const [kept] = await boards();
    const { page } = await open(`?board=${kept?.id ?? ''}`);
    await panels(page, 2);
    await until('the titles', 15_000, async () =>
      (await titles(page)).join() === 'Disks,CPUs' ? true : undefined,
    );
  }));

test.each([
  [1400, 900],
  [2560, 1440],
])('a wall of six pictures fits %d × %d, and the pictures have most of the room', (width, height) =>
  visit(async (open) => {
    const id = await keep({
      ...BOARD,
      panels: [1, 2, 3, 4, 5, 6].map((n) => ({
        ...BOARD.panels[0],
        granularity: n === 1 ? 1 : 5 * n,
        title: `P${n}`,
      })),
    });
    const { page } = await open(`?kiosk&board=${id}`, { width, height });
    await panels(page, 6);
    await page.locator('canvas.cells').nth(5).waitFor();
    const sizes = await page.evaluate<number[][]>(
      `[...document.querySelectorAll('.panel')].map((panel) => {
        const [all, plot] = [panel.getBoundingClientRect(), panel.querySelector('.plot').getBoundingClientRect()];
        return [all.bottom, plot.width / all.width];
      })`,
    );
    for (const [bottom = 0, share = 0] of sizes) {
      expect(bottom).toBeLessThanOrEqual(height);
      expect(share).toBeGreaterThan(0.5);
    }
    // The screen is full: no row is left empty below.
    expect(Math.max(...sizes.map(([bottom = 0]) => bottom))).toBeGreaterThan(0.96 * height);
    expect(await tooWide(page)).toEqual([]);
  }),
);

test('a new question begins with a window that it soon fills', () =>
  visit(async (open) => {
    const { page } = await open();
    await page.getByPlaceholder('Search metrics').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('I/O operations');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await columns(page, 3);
    expect(Number(await page.getByLabel('Window', { exact: true }).inputValue())).toBeLessThanOrEqual(30);
  }));

test('times are told with day and zone, in local time or in UTC, and the choice is in the address', () =>
  visit(async (open) => {
    const uri = await stack.create({
      module: 'disk',
      stat: 'physio_ops',
      decomposition: ['optype', 'latency'],
    });
    const query = `?panel=${uri.split('/').at(-1) ?? ''}`;
    const { page } = await open(query, { timezone: 'Asia/Kolkata' });
    await page.locator('.caption', { hasText: /\d+ [A-Z][a-z]{2} \d{4}, .*UTC\+5:30/ }).waitFor();
    await page.getByRole('button', { name: 'Show times in UTC' }).click();
    await page.locator('.caption', { hasText: /\d{4}, UTC/ }).waitFor();
    expect(page.url()).toContain('zone=utc');
    const again = await open(page.url().slice(stack.url.length), { timezone: 'America/New_York' });
    await again.page.locator('.caption', { hasText: /\d{4}, UTC/ }).waitFor();
  }));

test('help names the keys, the API and the machines, and closes by Escape', () =>
  visit(async (open) => {
    const { page } = await open();
    await page.locator('.starters').waitFor();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Help' });
    await help.getByRole('link', { name: 'The API' }).waitFor();
    await until('the machine', 20_000, async () => {
      if (await help.getByText('node-a').isVisible()) return true;
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      return undefined;
    });
    await page.keyboard.press('Escape');
    expect(await help.isVisible()).toBe(false);
  }));

test('a box is explained over all fields; a click narrows, a click goes back, the way is in the address and in a report', () =>
  visit(async (open) => {
    const uri = await stack.create({
      module: 'disk',
      stat: 'physio_ops',
      decomposition: ['optype', 'latency'],
    });
    const id = uri.split('/').at(-1) ?? '';
    const { page, complaints } = await open(`?panel=${id}~window=60~axis=log`);
    await columns(page, 8);
    await drag(page, [0.3, 0.02], [0.98, 0.6]);
    await page.locator('.special tbody tr').first().waitFor();
    await page.getByText(/Asks the same split by \d+ more fields for 8 s/).waitFor();
    expect(await instrumentations()).toHaveLength(1);
    await page.getByRole('button', { name: 'Look at all fields' }).click();
    const temporary = await until('temporary questions', 15_000, async () => {
      const list = await instrumentations();
      return list.length > 2 ? list.filter((i) => i.id !== id) : undefined;
    });
    for (const i of temporary) expect(i).toMatchObject({ 'idle-max': 30 });
    const all = page.getByRole('group', { name: 'All fields' });
    await all.waitFor({ timeout: 40_000 });
    await until('them to be deleted', 15_000, async () =>
      (await instrumentations()).length === 1 ? true : undefined,
    );

    const key = (await page.locator('.special tbody th').first().textContent()) ?? '';
    await page
      .getByRole('button', { name: `count only this: ${key}` })
      .first()
      .click();
    await panels(page, 2);
    const trail = page.getByRole('navigation', { name: 'The way to this question' });
    await trail.getByRole('button', { name: /^everything by operation type/ }).waitFor();
    const address = page.url();
    expect(decodeURIComponent(address)).toContain('trail=[{"by":["optype","latency"],"where":{},"box":[');

    await page.locator('.panel').nth(1).locator('.legend-row').first().waitFor();
    const downloaded = page.waitForEvent('download');
    await trail.getByRole('button', { name: 'Report' }).click();
    const html = readFileSync((await (await downloaded).path()) ?? '', 'utf8');
    expect(html).toMatch(/<h2>1\. Disk[^]*<h2>2\. Disk/);
    expect(html.match(/<img src="data:image\/png;base64,iVBOR/g)).toHaveLength(2);
    expect(html).toContain(`<th>${key}</th>`);
    expect(html).not.toContain('<script');

    await trail.getByRole('button', { name: '← Back' }).click();
    await panels(page, 1);
    expect(panelIds(page)).toEqual([id]);
    expect(complaints).toEqual([]);
  }));

test('a page that is closed while it looks at all fields leaves nothing behind', () =>
  visit(async (open) => {
    const uri = await stack.create({
      module: 'disk',
      stat: 'physio_ops',
      decomposition: ['optype', 'latency'],
    });
    const { page } = await open(`?panel=${uri.split('/').at(-1) ?? ''}~window=60~axis=log`);
    await columns(page, 5);
    await drag(page, [0.3, 0.02], [0.98, 0.6]);
    await page.getByRole('button', { name: 'Look at all fields' }).click();
    await until('temporary questions', 15_000, async () =>
      (await instrumentations()).length > 2 ? true : undefined,
    );
    await page.close({ runBeforeUnload: false });
    await until('them to be deleted', 60_000, async () =>
      (await instrumentations()).length === 1 ? true : undefined,
    );
  }));
