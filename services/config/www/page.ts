/*
 * The page: a client of the public API and of nothing else. In: the address, the catalogue, the list of what runs, and
 * the clock. Out: panels, each asking for its own values once a second. The last stop of an event's walk: a pixel.
 */
import { Api, ApiError } from './model/api.ts';
import type { Catalogue, Cost, Instrumentation, Question, StatusAnswer } from './model/answers.ts';
import { builder } from './ask/builder.ts';
import type { Context } from './ui/context.ts';
import { h, refill } from './ui/dom.ts';
import { noticesOf } from './model/health.ts';
import { pageHeader } from './ui/page-header.ts';
import { Panel } from './panel/panel.ts';
import { Running } from './ui/running.ts';
import { applyTheme, onDeviceTheme, themeNow } from './ui/theme.ts';
import { nextTick } from './plot/ticks.ts';
import { newPanel, readState, writeState, type PageState, type PanelState } from './model/url-state.ts';
import { welcome } from './ask/welcome.ts';

const LIST_EVERY = 3;
const STATUS_EVERY = 5;

const api = new Api(apiBase(), window.fetch.bind(window), Date.now);
let state: PageState = readState(location.search);
let catalogue: Catalogue = { modules: {}, fields: {}, types: {}, metrics: [] };
let catalogueKnown = false;
let running: readonly Instrumentation[] | undefined;
let status: StatusAnswer | undefined;
let reached: boolean | undefined;
let lastHeard = Date.now();
let panels: Panel[] = [];
let seconds = 0;
let timer = 0;
let lookedFor: number | undefined;
/** Of instrumentations that are opened in the list and not shown. */
const costs = new Map<string, Cost | undefined>();

api.onAnswer = (ok) => {
  if (ok) lastHeard = Date.now();
  if (ok !== reached) {
    const back = ok && reached === false;
    reached = ok;
    if (back) void refreshAll();
    showHealth();
  }
};

/** `?customer=<id>` looks at one customer's instrumentations, as that customer sees them. */
function apiBase(): string {
  const customer = new URLSearchParams(location.search).get('customer');
  return customer === null || customer === '' ? '/ca' : `/ca/customers/${encodeURIComponent(customer)}`;
}

const spoken = h('div', { class: 'hidden', attrs: { 'aria-live': 'polite', role: 'status' } });
const toast = h('div', { class: 'toast', attrs: { 'aria-hidden': 'true' } });
const notices = h('div', { class: 'notices', attrs: { role: 'status' } });
const main = h('main', { class: 'panels', attrs: { id: 'panels', tabindex: -1 } });
let toastTimer = 0;

const context: Context = {
  api,
  catalogue: () => catalogue,
  theme: () => themeNow(state.theme),
  running: () => running,
  ask,
  valuesOf(field) {
    const known = panels.flatMap((panel) => {
      const view = panel.current();
      return view?.discrete === field ? view.keys : [];
    });
    return [...new Set(known.sort((a, b) => b[1] - a[1]).map(([key]) => key))];
  },
  edit(question) {
    ask_.fill(question);
    document.body.classList.add('asking');
  },
  changed: saveAddress,
  change(what) {
    void (async () => {
      try {
        await what();
      } catch (error) {
        context.announce(error instanceof ApiError ? error.message : 'That did not work.');
      }
      await refreshList();
    })();
  },
  close(id) {
    closePanel(id);
  },
  announce(text) {
    spoken.textContent = text;
    toast.textContent = text;
    toast.classList.add('shown');
    clearTimeout(toastTimer);
    toastTimer = window.setTimeout(() => {
      toast.classList.remove('shown');
    }, 4000);
  },
  pointAt(time) {
    for (const panel of panels) panel.showTime(time);
  },
};

const ask_ = builder(async (question) => {
  await ask(question);
  document.body.classList.remove('asking');
}, context.valuesOf.bind(context));

const list = new Running(context, {
  isShown: (id) => panels.some((panel) => panel.state.id === id),
  costOf: (id) => panels.find((panel) => panel.state.id === id)?.data.cost ?? costs.get(id),
  toggle(id) {
    if (panels.some((panel) => panel.state.id === id)) closePanel(id);
    else openPanel(newPanel(id));
  },
  change: context.change.bind(context),
});

async function ask(question: Question, beside?: string): Promise<void> {
  const created = await api.create(question);
  running = [...(running ?? []).filter(({ id }) => id !== created.id), created];
  openPanel(newPanel(created.id), beside);
  list.show(running);
}

function openPanel(panelState: PanelState, beside?: string): void {
  const panel = new Panel(context, panelState);
  const at = panels.findIndex(({ state: { id } }) => id === beside);
  if (at === -1) panels.push(panel);
  else panels.splice(at + 1, 0, panel);
  arrange();
  saveAddress();
  void panel.tick();
  panel.element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

function closePanel(id: string): void {
  const panel = panels.find((p) => p.state.id === id);
  panel?.stop();
  panel?.element.remove();
  panels = panels.filter((p) => p !== panel);
  arrange();
  saveAddress();
  list.show(running ?? []);
}

/** Panels are moved, never rebuilt: what somebody is doing in one of them goes on. */
function arrange(): void {
  main.dataset['count'] = String(Math.min(panels.length, 5));
  if (panels.length === 0) {
    const key = `welcome ${JSON.stringify(catalogue.metrics.map(({ module, stat }) => [module, stat]))}`;
    refill(main, key, () => [
      catalogueKnown ? welcome(context) : h('p', { class: 'muted loading' }, 'Loading…'),
    ]);
    return;
  }
  main.dataset['key'] = 'panels';
  main.querySelector('.welcome, .loading')?.remove();
  panels.forEach((panel, i) => {
    if (main.children[i] !== panel.element) main.insertBefore(panel.element, main.children[i] ?? null);
  });
}

function saveAddress(): void {
  state = { ...state, panels: panels.map((panel) => panel.state) };
  const customer = new URLSearchParams(location.search).get('customer');
  const query = writeState(state);
  const scope =
    customer === null ? '' : `${query === '' ? '?' : '&'}customer=${encodeURIComponent(customer)}`;
  const next = `${location.pathname}${query}${scope}`;
  if (next !== `${location.pathname}${location.search}`) history.replaceState(null, '', next);
}

async function refreshCatalogue(): Promise<void> {
  try {
    catalogue = await api.catalogue();
    catalogueKnown = true;
    ask_.setCatalogue(catalogue);
    if (panels.length === 0) arrange();
  } catch {
    // The next round tries again; that nothing answers is shown by the health line.
  }
}

async function refreshList(): Promise<void> {
  try {
    const fresh = await api.list();
    const detailed = await Promise.all(
      fresh.map((i) => (needsNodes(i) ? api.get(i.id).catch(() => i) : Promise.resolve(i))),
    );
    running = detailed;
    await refreshCosts();
    list.show(detailed);
  } catch {
    // As above.
  }
}

/** What is not shown is not asked for each second; its cost is in any value of it. */
async function refreshCosts(): Promise<void> {
  costs.clear();
  const newest = Math.floor(api.serverSeconds()) - 2;
  const runs = new Set(running?.map(({ id }) => id));
  const unseen = [...list.opened].filter(
    (id) => runs.has(id) && !panels.some((panel) => panel.state.id === id),
  );
  await Promise.all(
    unseen.map(async (id) => {
      const [value] = await api.raw(id, newest, 1, 1, 0).catch(() => []);
      costs.set(id, value?.cost);
    }),
  );
}

/** Who is missing, and why, is fetched only for those that somebody looks at, or where something is wrong. */
function needsNodes(i: Instrumentation): boolean {
  return list.opened.has(i.id) || (i.state?.failed ?? 0) > 0 || (i.state?.stopped ?? 0) > 0;
}

async function refreshStatus(): Promise<void> {
  try {
    status = await api.status();
  } catch (error) {
    // Customers may not read it; then only the answers themselves tell.
    if (error instanceof ApiError && error.status > 0) status = undefined;
  }
  showHealth();
}

function showHealth(): void {
  const current = noticesOf({
    reached,
    silentSeconds: (Date.now() - lastHeard) / 1000,
    status,
    skewSeconds: api.skewSeconds(),
    metrics: catalogueKnown ? catalogue.metrics.length : undefined,
  });
  document.body.classList.toggle('unreached', reached === false);
  refill(notices, JSON.stringify(current), () =>
    current.map(({ kind, title, text }) =>
      h('p', { class: `notice ${kind}` }, h('strong', {}, title), ` ${text}`),
    ),
  );
}

async function refreshAll(): Promise<void> {
  await Promise.all([refreshCatalogue(), refreshList(), refreshStatus()]);
}

/** Runs once for each second of the servers' clock. */
function tick(): void {
  seconds++;
  if (!document.hidden) {
    for (const panel of panels) void panel.tick();
    if (seconds % LIST_EVERY === 0 || reached === false) sometime(refreshList);
    if (seconds % STATUS_EVERY === 0) {
      sometime(refreshStatus);
      sometime(refreshCatalogue);
    }
    if (reached === false) showHealth();
  }
  waitForSecond();
}

/** Also when the servers' clock was learnt anew: the timer was set by the old one. */
function waitForSecond(): void {
  clearTimeout(timer);
  const { second, inMs } = nextTick(api.serverSeconds() * 1000, lookedFor);
  timer = window.setTimeout(() => {
    lookedFor = second;
    tick();
  }, inMs);
}

/**
 * At any time within the second, not at its begin like all the values: answers tell the servers' clock in whole seconds,
 * and only those that come just after a second began tell it well.
 */
function sometime(refresh: () => Promise<void>): void {
  setTimeout(() => void refresh(), Math.random() * 1000);
}

function setTheme(theme: PageState['theme']): void {
  state = { ...state, theme };
  applyTheme(theme);
  saveAddress();
  for (const panel of panels) void panel.tick();
}

function setKiosk(kiosk: boolean): void {
  state = { ...state, kiosk };
  document.body.classList.toggle('kiosk', kiosk);
  saveAddress();
}

function drawPage(): void {
  const header = pageHeader({
    ask() {
      document.body.classList.toggle('asking');
      ask_.focus();
    },
    theme() {
      setTheme(themeNow(state.theme) === 'dark' ? 'light' : 'dark');
    },
    wall() {
      setKiosk(true);
    },
  });
  const aside = h('div', { class: 'side' }, ask_.element, list.element);
  document.body.append(
    h('a', { class: 'skip', attrs: { href: '#panels' } }, 'Skip to the pictures'),
    header,
    notices,
    h('div', { class: 'columns' }, aside, main),
    spoken,
    toast,
  );
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && state.kiosk) setKiosk(false);
    const typing = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.body.classList.add('asking');
      ask_.focus();
    }
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) for (const panel of panels) void panel.tick();
  });
  window.addEventListener('popstate', () => {
    location.reload();
  });
}

applyTheme(state.theme);
onDeviceTheme(() => {
  setTheme(state.theme);
});
drawPage();
document.body.classList.toggle('kiosk', state.kiosk);
panels = state.panels.map((panelState) => new Panel(context, panelState));
arrange();
void refreshAll().then(() => {
  api.onClock = waitForSecond;
  tick();
});
