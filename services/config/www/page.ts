/*
 * The page: a client of the public API and of nothing else. In: the address, the catalogue, the list of what runs, and
 * the clock. Out: panels, each asking for its own values once a second. The last stop of an event's walk: a pixel.
 */
import { Api, ApiError } from './model/api.ts';
import type { Catalogue, Instrumentation, Question, StatusAnswer } from './model/answers.ts';
import { builder } from './ask/builder.ts';
import { BoardBar } from './board/board-bar.ts';
import { BoardControl } from './board/board-control.ts';
import { boardMenu } from './board/board-menu.ts';
import type { Context } from './ui/context.ts';
import { h } from './ui/dom.ts';
import { chooseLocale } from './model/numbers.ts';
import { listenToKeys } from './ui/page-keys.ts';
import { Notices } from './ui/notices.ts';
import { apiBase, sameCustomer } from './model/customer.ts';
import { pageHeader } from './ui/page-header.ts';
import { deleteBoard, deleteInstrumentation } from './panel/deletions.ts';
import { PanelSet } from './panel/panel-set.ts';
import { goBack } from './panel/way-back.ts';
import { Running } from './ui/running.ts';
import { applyTheme, onDeviceTheme, onPrinting, printPage, themeNow } from './ui/theme.ts';
import { helpDialog } from './ui/help.ts';
import { Announcer } from './ui/announcer.ts';
import { Pulse, sometime } from './ui/pulse.ts';
import { UnseenCosts } from './ui/unseen-costs.ts';
import { Together } from './ui/together.ts';
import { Undo } from './ui/undo.ts';
import { newPanel, readState, writeState, type PageState, type PanelState } from './model/url-state.ts';
import { chooseZone } from './model/zone.ts';
import { welcome } from './ask/welcome.ts';

const LIST_EVERY = 3;
const STATUS_EVERY = 5;

const api = new Api(apiBase(location.search), window.fetch.bind(window), Date.now);
let state: PageState = readState(location.search);
let catalogue: Catalogue = { modules: {}, fields: {}, types: {}, metrics: [] };
let catalogueKnown = false;
let running: readonly Instrumentation[] | undefined;
let status: StatusAnswer | undefined;
let reached: boolean | undefined;
let lastHeard = Date.now();
const costs = new UnseenCosts(api);

api.onAnswer = (ok) => {
  if (ok) lastHeard = Date.now();
  if (ok !== reached) {
    const back = ok && reached === false;
    reached = ok;
    if (back) void refreshAll();
    showHealth();
  }
};

const announcer = new Announcer();
const notices = new Notices();
const undo = new Undo(() => {
  showRunning();
});

const context: Context = {
  api,
  catalogue: () => catalogue,
  theme: () => themeNow(state.theme),
  running: () => running,
  ask,
  valuesOf: (field) => set.valuesOf(field),
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
  boxElsewhere: (id) => (board.id === undefined ? undefined : set.boxElsewhere(id)),
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
    goBack(context, set, id, at);
  },
  openBoard(id) {
    void board.open(id);
  },
  undo,
  together: new Together(),
  announce(text) {
    announcer.say(text);
  },
  pointAt(time) {
    for (const panel of set.panels) panel.showTime(time);
  },
};

const ask_ = builder(
  async (question) => {
    await ask(question);
    document.body.classList.remove('asking');
  },
  (field) => set.valuesOf(field),
);

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
  costOf: (id) => set.find(id)?.data.cost ?? costs.of(id),
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
  if (catalogueKnown) list.show((running ?? []).filter(({ id }) => !undo.has(id)));
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
  const next = `${location.pathname}${sameCustomer(writeState(state), location.search)}`;
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
      fresh.map((i) => (list.needsNodes(i) ? api.get(i.id).catch(() => i) : Promise.resolve(i))),
    );
    running = detailed;
    const unseen = detailed.filter(({ id }) => list.opened.has(id) && set.find(id) === undefined);
    await costs.refresh(unseen.map(({ id }) => id));
    showRunning();
  } catch {
    // As above.
  }
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
  notices.show({
    reached,
    silentSeconds: (Date.now() - lastHeard) / 1000,
    status,
    skewSeconds: api.skewSeconds(),
    metrics: catalogueKnown ? catalogue.metrics.length : undefined,
  });
}

async function refreshAll(): Promise<void> {
  await Promise.all([refreshCatalogue(), refreshList(), refreshStatus()]);
}

const pulse = new Pulse(api, (seconds) => {
  if (document.hidden) return;
  set.beat(seconds);
  if (seconds % LIST_EVERY === 0 || reached === false) sometime(refreshList);
  if (seconds % STATUS_EVERY === 0) {
    sometime(refreshStatus);
    sometime(refreshCatalogue);
  }
  if (reached === false) showHealth();
});

/** Over when every picture has the theme. */
async function drawTheme(): Promise<void> {
  applyTheme(state.theme);
  await Promise.all(set.panels.map((panel) => panel.hurry()));
}

function setKiosk(kiosk: boolean): void {
  state = { ...state, kiosk };
  document.body.classList.toggle('kiosk', kiosk);
  saveAddress();
}

function drawPage(): void {
  const help = helpDialog(() => status);
  const menu = boardMenu(context, {
    open: context.openBoard.bind(context),
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
        state = { ...state, theme: themeNow(state.theme) === 'dark' ? 'light' : 'dark' };
        saveAddress();
        void drawTheme();
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
    notices.element,
    h('div', { class: 'columns' }, aside, h('div', { class: 'main' }, bar.element, set.element)),
    ...announcer.elements,
    undo.element,
    help.element,
  );
  listenToKeys({
    leave() {
      if (state.kiosk) setKiosk(false);
    },
    ask() {
      document.body.classList.add('asking');
      ask_.focus();
    },
    help() {
      help.open();
    },
    print() {
      void printPage(drawTheme);
    },
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
onDeviceTheme(() => void drawTheme());
onPrinting(set.drawKeys.bind(set));
drawPage();
document.body.classList.toggle('kiosk', state.kiosk);
chooseZone(state.zone);
set.show(state.panels);
bar.show();
void refreshAll().then(async () => {
  await board.openFromAddress();
  pulse.start();
});
