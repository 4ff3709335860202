/*
 * The page: a client of the public API and of nothing else. In: the address, the catalogue, the list of what runs, and
 * the clock. Out: panels, each asking for its own values once a second. The last stop of an event's walk: a pixel.
 */
import { Api, ApiError } from './model/api.ts';
import type { Catalogue, Cost, Instrumentation, Question, StatusAnswer } from './model/answers.ts';
import { builder } from './ask/builder.ts';
import { BoardBar } from './board/board-bar.ts';
import { BoardControl } from './board/board-control.ts';
import { boardMenu } from './board/board-menu.ts';
import { runningLike } from './board/board-model.ts';
import type { Context } from './ui/context.ts';
import { h, refill } from './ui/dom.ts';
import { noticesOf } from './model/health.ts';
import { chooseLocale } from './model/numbers.ts';
import { pageHeader } from './ui/page-header.ts';
import { deleteBoard, deleteInstrumentation } from './panel/deletions.ts';
import { PanelSet } from './panel/panel-set.ts';
import { Running } from './ui/running.ts';
import { applyTheme, onDeviceTheme, themeNow } from './ui/theme.ts';
import { helpDialog } from './ui/help.ts';
import { Announcer } from './ui/announcer.ts';
import { Pulse, sometime } from './ui/pulse.ts';
import { Undo } from './ui/undo.ts';
import { newPanel, readState, writeState, type PageState, type PanelState } from './model/url-state.ts';
import { questionOfStep } from './model/trail.ts';
import { chooseZone } from './model/zone.ts';
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

const announcer = new Announcer();
const notices = h('div', { class: 'notices', attrs: { role: 'status' } });
const undo = new Undo(() => {
  showRunning();
});

const context: Context = {
  api,
  catalogue: () => catalogue,
  theme: () => themeNow(state.theme),
  running: () => running,
  ask,
  valuesOf(field) {
    const known = set.panels.flatMap((panel) => {
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
    set.close(id);
  },
  spread(id, change) {
    if (board.id !== undefined) set.spread(id, change);
  },
  move(id, steps) {
    set.move(id, steps);
  },
  moveTo(id, place) {
    set.moveTo(id, place);
  },
  setZone(zone) {
    state = { ...state, zone };
    chooseZone(zone);
    saveAddress();
    set.tick();
  },
  back(id, at) {
    const from = set.find(id)?.state;
    const step = from?.trail[at];
    if (from === undefined || step === undefined) return;
    const question = questionOfStep(from, step);
    const look = { box: step.box, window: from.window, end: from.end, trail: from.trail.slice(0, at) };
    context.change(async () => {
      const known = runningLike(question, running ?? []);
      if (known === undefined) await ask(question, id, look);
      else if (set.find(known.id) === undefined) set.open({ ...newPanel(known.id), ...look }, id);
      if (known?.id !== id) set.close(id);
      if (known !== undefined)
        set.find(known.id)?.element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    });
  },
  openBoard(id) {
    void board.open(id);
  },
  undo,
  announce(text) {
    announcer.say(text);
  },
  pointAt(time) {
    for (const panel of set.panels) panel.showTime(time);
  },
};

const ask_ = builder(async (question) => {
  await ask(question);
  document.body.classList.remove('asking');
}, context.valuesOf.bind(context));

const set = new PanelSet(context, {
  empty: () => ({
    key: `welcome ${JSON.stringify(catalogue.metrics.map(({ module, stat }) => [module, stat]))}`,
    content: () => (catalogueKnown ? welcome(context) : h('p', { class: 'muted loading' }, 'Loading…')),
  }),
  changed() {
    saveAddress();
    showRunning();
  },
});

const board = new BoardControl(
  context,
  {
    panels: () => set.states,
    show(panels) {
      set.show(panels);
    },
    refresh: refreshList,
    changed() {
      saveAddress();
      showRunning();
    },
  },
  state.board,
  state.values,
);

const bar = new BoardBar(context, board, {
  time(change) {
    for (const panel of set.panels) panel.set(change, true);
    bar.show();
  },
  remove(id, name) {
    deleteBoard(context, set, board, { id, name });
  },
  panels: () => set.states,
  hosts: () => status?.instrumenters?.map(({ host }) => host) ?? context.valuesOf('hostname'),
});

const list = new Running(context, {
  isShown: (id) => set.find(id) !== undefined,
  costOf: (id) => set.find(id)?.data.cost ?? costs.get(id),
  toggle(id) {
    if (set.find(id) !== undefined) set.close(id);
    else set.open(newPanel(id));
  },
  remove(i) {
    deleteInstrumentation(context, set, i);
  },
  change: context.change.bind(context),
});

/** What is about to be deleted looks as if it were gone. The names of what runs come with the catalogue. */
function showRunning(): void {
  if (!catalogueKnown) return;
  list.show((running ?? []).filter(({ id }) => !undo.has(id)));
}

async function ask(question: Question, beside?: string, look: Partial<PanelState> = {}): Promise<void> {
  const created = await api.create(question);
  running = [...(running ?? []).filter(({ id }) => id !== created.id), created];
  set.open({ ...newPanel(created.id), ...look }, beside);
  showRunning();
}

function saveAddress(): void {
  state = { ...state, panels: set.states, board: board.id, values: board.values };
  document.body.classList.toggle('board', board.id !== undefined);
  document.title =
    board.id === undefined || board.name === '' ? 'Cloud Analytics' : `${board.name} – Cloud Analytics`;
  bar.show();
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
    if (running !== undefined) showRunning();
    if (set.panels.length === 0) set.arrange();
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
    showRunning();
  } catch {
    // As above.
  }
}

/** What is not shown is not asked for each second; its cost is in any value of it. */
async function refreshCosts(): Promise<void> {
  costs.clear();
  const newest = Math.floor(api.serverSeconds()) - 2;
  const runs = new Set(running?.map(({ id }) => id));
  const unseen = [...list.opened].filter((id) => runs.has(id) && set.find(id) === undefined);
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

const pulse = new Pulse(api, (seconds) => {
  if (document.hidden) return;
  set.tick();
  if (seconds % LIST_EVERY === 0 || reached === false) sometime(refreshList);
  if (seconds % STATUS_EVERY === 0) {
    sometime(refreshStatus);
    sometime(refreshCatalogue);
  }
  if (reached === false) showHealth();
});

function setTheme(theme: PageState['theme']): void {
  state = { ...state, theme };
  applyTheme(theme);
  saveAddress();
  set.tick();
}

function setKiosk(kiosk: boolean): void {
  state = { ...state, kiosk };
  document.body.classList.toggle('kiosk', kiosk);
  saveAddress();
}

function drawPage(): void {
  const help = helpDialog(() => status);
  const menu = boardMenu(context, {
    open(id) {
      void board.open(id);
    },
    begin() {
      board.begin();
    },
  });
  const header = pageHeader(
    {
      help() {
        help.open();
      },
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
    },
    menu,
  );
  const aside = h('div', { class: 'side' }, ask_.element, list.element);
  document.body.append(
    h('a', { class: 'skip', attrs: { href: '#panels' } }, 'Skip to the pictures'),
    header,
    notices,
    h('div', { class: 'columns' }, aside, h('div', { class: 'main' }, bar.element, set.element)),
    ...announcer.elements,
    undo.element,
    help.element,
  );
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && state.kiosk) setKiosk(false);
    const typing = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      document.body.classList.add('asking');
      ask_.focus();
    }
    if (event.key === '?' && !typing) help.open();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) set.tick();
  });
  window.addEventListener('popstate', () => {
    location.reload();
  });
}

chooseLocale(undefined);
applyTheme(state.theme);
onDeviceTheme(() => {
  setTheme(state.theme);
});
drawPage();
document.body.classList.toggle('kiosk', state.kiosk);
chooseZone(state.zone);
set.show(state.panels);
bar.show();
void refreshAll().then(async () => {
  await board.openFromAddress();
  pulse.start();
});
