/*
 * A real browser for the tests of the page: Debian's Chromium, without a screen. In: a URL, a size, a theme.
 * Out: a page, everything it complained about, and every host it spoke to. One browser serves many visits, each as
 * a person of its own. Only importer of playwright-core.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

import { checkoutFolder } from '../stack/checkout';

export type { Page } from 'playwright-core';

export interface Visit {
  readonly page: Page;
  /** Errors on the console, uncaught exceptions, violations of the page's policy. */
  readonly complaints: readonly string[];
  readonly hosts: ReadonlySet<string>;
  /** Seconds of CPU that the page's own processes have used so far (of all that are open). */
  readonly cpuSeconds: () => Promise<number>;
  /** Bytes of the page's JavaScript heap, after a garbage collection. */
  readonly heapBytes: () => Promise<number>;
  close(): Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly scale?: number;
  /** The user's time zone: a name of the zone database; by default UTC. */
  readonly timezone?: string;
  /** Its person's language, as "de-DE"; US English unless told otherwise. */
  readonly locale?: string;
  /** What the user types when the browser asks for a name and a password. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Accepts any certificate. */
  readonly trusting?: boolean;
}

/** Nothing but the page's own requests leaves the browser. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Fetches Chromium where there is none; rejects with one line that says what is missing where it cannot. */
function chromiumPath(): string {
  const script = join(checkoutFolder(), 'deps', 'fetch.sh');
  return execFileSync('sh', [script, '--path', 'chromium'], { encoding: 'utf8' }).trim();
}

export interface OpenBrowser {
  visit(url: string, look?: Look): Promise<Visit>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<OpenBrowser> {
  // Chromium leaves settings and half of its temporary files behind.
  const home = mkdtempSync(join(tmpdir(), 'ca-browser-'));
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: QUIET,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home },
  });
  return {
    visit: (url, look = {}) => visit(browser, url, look),
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function visit(browser: Browser, url: string, look: Look): Promise<Visit> {
  const {
    width = 1280,
    height = 800,
    dark = false,
    scale = 1,
    timezone = 'UTC',
    locale = 'en-US',
    credentials,
    trusting = false,
  } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: timezone,
    locale,
    ignoreHTTPSErrors: trusting,
    ...(credentials === undefined ? {} : { httpCredentials: credentials }),
  });
  // Many pages may share few processors.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http')) hosts.add(host);
  });
  await page.goto(url);
  return {
    page,
    complaints,
    hosts,
    async cpuSeconds() {
      const session = await browser.newBrowserCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      await session.detach();
      return processInfo
        .filter(({ type }) => type === 'renderer')
        .reduce((total, { cpuTime }) => total + cpuTime, 0);
    },
    async heapBytes() {
      const session = await context.newCDPSession(page);
      await session.send('HeapProfiler.collectGarbage');
      await session.send('Performance.enable');
      const { metrics } = await session.send('Performance.getMetrics');
      await session.detach();
      return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN;
    },
    async close() {
      await context.close();
    },
  };
}

/** A page of the same site that costs nothing: to prepare a browser before it comes to the real one. */
export const DOORSTEP = 'page/icon.svg';

export type Open = (query?: string, look?: Look) => Promise<Visit>;

/** Hands a way to open pages of one site to `run`; all of them are closed when it is over, however it ends. */
export async function visiting(
  browser: OpenBrowser,
  url: string,
  run: (open: Open) => Promise<void>,
): Promise<void> {
  const visits: Visit[] = [];
  try {
    await run(async (query = '', look = {}) => {
      const opened = await browser.visit(`${url}${query}`, look);
      visits.push(opened);
      return opened;
    });
  } finally {
    for (const open of visits) await open.close();
  }
}

/** Ids of the instrumentations that a page shows, in the order of its panels: its address holds them. */
export function panelIds(page: Page): readonly string[] {
  return new URL(page.url()).searchParams.getAll('panel').map((panel) => panel.split('~')[0] ?? '');
}

/** Elements that are too wide, each with the excess in pixels: the page for its window, a card for its frame. */
export function tooWide(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    `[document.documentElement, ...document.querySelectorAll('.card')]
       .map((e) => [e.className || 'page', e.scrollWidth - (e === document.documentElement ? innerWidth : e.clientWidth)])
       .filter(([, pixels]) => pixels > 0)
       .map((both) => both.join(': '))`,
  );
}
