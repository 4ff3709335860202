/*
 * What the first heatmap of a page shows, read from its canvas: one pixel per cell. In: a page. Out: colours, hues,
 * seconds; and a hand that draws boxes on it. Each answer is of one moment: it is read in one step.
 */
import { REST_HUE } from '../../common/model/hue';
import { paletteOf } from '../../services/aggregator/heatmap/pixels/palette';
import type { Page } from './browser';
import { until } from './until';

/** What of the browser's own objects is touched: tools know no DOM. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  scrollIntoView(where: { block: 'center'; behavior: 'instant' }): void;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha; top row first. */
  readonly rgba: readonly number[];
}

export function pixelsOf(page: Page): Promise<Pixels> {
  return page
    .locator('canvas.cells')
    .first()
    .evaluate((canvas: Canvas) => {
      const { width, height } = canvas;
      return { width, height, rgba: [...canvas.getContext('2d').getImageData(0, 0, width, height).data] };
    });
}

/** Right edge of the first picture, in seconds since 1970. */
export async function endOf(page: Page): Promise<number> {
  return Number(await page.locator('[data-end]').first().getAttribute('data-end'));
}

export interface Step {
  /** By how many seconds the picture moved on. */
  readonly seconds: number;
  /** How long after the drawing before it, seconds. */
  readonly after: number;
}

/**
 * How the first picture moves on, drawing after drawing, `count` of them from the next one on: the browser itself notes
 * each, so that none is missed and nobody's asking costs the page anything.
 */
export async function drawings(page: Page, count: number): Promise<readonly Step[]> {
  // As text: tools know no DOM.
  return page.evaluate<readonly Step[]>(`new Promise((resolve, reject) => {
    const end = () => Number(document.querySelector('[data-end]').getAttribute('data-end'));
    let [shown, at] = [end(), undefined];
    const steps = [];
    const late = setTimeout(() => reject(new Error('drawn within a minute: ' + JSON.stringify(steps))), 60000);
    const observer = new MutationObserver(() => {
      if (end() === shown) return;
      const now = performance.now();
      if (at !== undefined) steps.push({ seconds: end() - shown, after: (now - at) / 1000 });
      [shown, at] = [end(), now];
      if (steps.length < ${count}) return;
      clearTimeout(late);
      observer.disconnect();
      resolve(steps);
    });
    observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-end'] });
  })`);
}

/**
 * One second at a time, each once. Several at once may only make good what this machine held up: then there were as many
 * long breaks.
 */
export function expectSteady(steps: readonly Step[]): void {
  for (const { seconds } of steps) expect(seconds).toBeGreaterThanOrEqual(1);
  const leaps = steps.filter(({ seconds }) => seconds !== 1);
  const breaks = steps.filter(({ after }) => after > 1.2);
  // A longer delay is not the machine's: the page is slow.
  if (leaps.length > Math.min(breaks.length, 0.3 * steps.length))
    throw new Error(`not second by second: ${JSON.stringify(steps)}`);
}

type Rgb = readonly [number, number, number];
const rgbOf = (colour: number): Rgb => [colour >>> 16, (colour >>> 8) & 0xff, colour & 0xff];
const PALETTES = (['light', 'dark'] as const).map((theme) => paletteOf(theme));

/** Where nothing is: the ground, and its tints for what is incomplete, lost or unknown. */
const GROUND = PALETTES.flatMap(({ grounds }) => grounds.map(rgbOf));
const REST = new Set(PALETTES.flatMap(({ ramp }) => [...ramp(REST_HUE)]));
const GROUNDS = new Set(PALETTES.flatMap(({ grounds }) => grounds));

export type Hue = 'ground' | 'rest' | 'key';

/** Rest: what has no hue of its own. Key: what has one, alone or mixed with the rest. */
export async function huesOf(page: Page): Promise<ReadonlySet<Hue>> {
  const { rgba } = await pixelsOf(page);
  const hues = new Set<Hue>();
  for (let i = 0; i < rgba.length; i += 4) {
    const colour = ((rgba[i] ?? 0) << 16) | ((rgba[i + 1] ?? 0) << 8) | (rgba[i + 2] ?? 0);
    hues.add(GROUNDS.has(colour) ? 'ground' : REST.has(colour) ? 'rest' : 'key');
  }
  return hues;
}

/** Waits until the first heatmap shows events of at least this many seconds. */
export async function columns(page: Page, wanted: number): Promise<void> {
  const filled = async (): Promise<number> => (await filledColumns(page)).length;
  const enough = async (): Promise<true | undefined> => ((await filled()) >= wanted ? true : undefined);
  await until(`${wanted} columns with events`, 60_000, enough, 200);
}

/** Columns of the first heatmap that show events, 0 at the left; counted in the browser: a picture is large. */
export function filledColumns(page: Page): Promise<readonly number[]> {
  return page
    .locator('canvas.cells')
    .first()
    .evaluate((canvas: Canvas, ground) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
      const isGround = (i: number): boolean =>
        ground.some((colour) => colour.every((part, k) => part === data[i + k]));
      return Array.from({ length: width }, (_, column) => column).filter((column) =>
        Array.from({ length: height }, (_, row) => (row * width + column) * 4).some((i) => !isGround(i)),
      );
    }, GROUND);
}

/** Drags over the first picture; corners in parts of its width and height, axes not included. */
export async function drag(
  page: Page,
  from: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  const picture = page.locator('canvas.cells').first();
  // On a small screen it may have been scrolled away; and nothing of it may be below the head of the page.
  await picture.evaluate((canvas: Canvas) => {
    canvas.scrollIntoView({ block: 'center', behavior: 'instant' });
  });
  const box = await picture.boundingBox();
  if (box === null) throw new Error('there is no picture');
  await page.mouse.move(box.x + box.width * from[0], box.y + box.height * from[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to[0], box.y + box.height * to[1], { steps: 4 });
  await page.mouse.up();
}
