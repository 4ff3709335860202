/*
 * The panels on the page, in their order. In: which are to be shown. Out: panels that are moved and never rebuilt, so that
 * what somebody is doing in one of them goes on.
 */
import type { Seconds } from '../model/box-predicate.ts';
import type { Context } from '../ui/context.ts';
import { h, refill } from '../ui/dom.ts';
import type { PanelState } from '../model/url-state.ts';
import { Panel } from './panel.ts';

export interface PanelSetActions {
  /** What stands there while there is no panel, and its key. */
  empty(): { readonly key: string; readonly content: () => HTMLElement };
  /** Panels came, went, or changed places. */
  changed(): void;
}

/** Seconds from one picture to the next of a panel that is out of sight. */
const UNSEEN_EVERY = 5;
/** What is nearer to the window than this is about to be seen. */
const NEAR = '25% 0px';

/** On a board these are common to all panels; keys and mode to those with the same discrete field. */
const OF_TIME = ['window', 'end'] as const;
const OF_KEYS = ['keys', 'mode'] as const;

export class PanelSet {
  readonly element = h('main', { class: 'panels', attrs: { id: 'panels', tabindex: -1 } });
  private list: Panel[] = [];
  private readonly unseen = new Set<Element>();
  private readonly sight = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) this.unseen.add(target);
        else if (this.unseen.delete(target))
          void this.list.find(({ element }) => element === target)?.hurry();
      }
    },
    { rootMargin: NEAR },
  );
  private readonly context: Context;
  private readonly actions: PanelSetActions;

  constructor(context: Context, actions: PanelSetActions) {
    this.context = context;
    this.actions = actions;
  }

  get panels(): readonly Panel[] {
    return this.list;
  }

  get states(): readonly PanelState[] {
    return this.list.map(({ state }) => state);
  }

  find(id: string): Panel | undefined {
    return this.list.find(({ state }) => state.id === id);
  }

  /** Values of a discrete field that are on the screen now, largest first. */
  valuesOf(field: string): readonly string[] {
    const known = this.list.flatMap((panel) => {
      const view = panel.current();
      return view?.discrete === field ? view.keys : [];
    });
    return [...new Set(known.sort((a, b) => b[1] - a[1]).map(([key]) => key))];
  }

  tick(): void {
    for (const panel of this.list) void panel.tick();
  }

  drawKeys(): void {
    for (const panel of this.list) panel.drawKeys();
  }

  /** Each second, those in sight; the others in turns, and until they have something to show. */
  beat(seconds: number): void {
    this.list.forEach((panel, i) => {
      const isDue = (seconds + i) % UNSEEN_EVERY === 0;
      if (isDue || !this.unseen.has(panel.element) || panel.current() === undefined) void panel.tick();
    });
  }

  /** These and no others, in this order. */
  show(states: readonly PanelState[]): void {
    const before = this.list;
    this.list = states.map((state) => {
      const known = before.find((panel) => panel.state.id === state.id);
      if (known === undefined) return this.make(state);
      known.set(state, true);
      return known;
    });
    for (const panel of before) if (!this.list.includes(panel)) this.remove(panel);
    this.arrange();
    this.tick();
  }

  open(state: PanelState, beside?: string): void {
    const panel = this.make(state);
    const at = this.list.findIndex(({ state: { id } }) => id === beside);
    if (at === -1) this.list.push(panel);
    else this.list.splice(at + 1, 0, panel);
    this.arrange();
    this.actions.changed();
    void panel.tick();
    panel.element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }

  close(id: string): void {
    const panel = this.find(id);
    if (panel !== undefined) this.remove(panel);
    this.list = this.list.filter((one) => one !== panel);
    this.arrange();
    this.actions.changed();
  }

  move(id: string, steps: number): void {
    const from = this.list.findIndex(({ state }) => state.id === id);
    const to = Math.max(0, Math.min(this.list.length - 1, from + steps));
    const [panel] = from === -1 || from === to ? [] : this.list.splice(from, 1);
    if (panel === undefined) return;
    this.list.splice(to, 0, panel);
    this.arrange();
    this.actions.changed();
    this.context.announce(`Place ${to + 1} of ${this.list.length}.`);
  }

  moveTo(id: string, place: string): void {
    const at = (which: string): number => this.list.findIndex(({ state }) => state.id === which);
    if (at(id) !== -1 && at(place) !== -1) this.move(id, at(place) - at(id));
  }

  /** What one panel of a board changed, for all the others. */
  spread(id: string, change: Partial<PanelState>): void {
    const field = this.find(id)?.current()?.discrete;
    for (const panel of this.list) {
      if (panel.state.id === id) continue;
      const same = field !== undefined && panel.current()?.discrete === field;
      const names = [...OF_TIME, ...(same ? OF_KEYS : [])];
      const shared = Object.entries(change).filter(([name]) => (names as readonly string[]).includes(name));
      // A board has one box.
      if (change.box !== undefined && panel.state.box !== undefined) shared.push(['box', undefined]);
      if (shared.length > 0) panel.set(Object.fromEntries(shared), true);
      else if ('box' in change) void panel.drawKnown();
    }
  }

  boxElsewhere(id: string): Seconds | undefined {
    return this.list.find(({ state }) => state.id !== id && state.box !== undefined)?.state.box;
  }

  arrange(): void {
    const { element, list } = this;
    const count = list.length;
    element.dataset['count'] = String(Math.min(count, 5));
    // A wall has as many across as keep all of them in sight.
    const across = count <= 2 ? Math.max(count, 1) : count <= 4 ? 2 : count <= 9 ? 3 : 4;
    element.style.setProperty('--across', String(across));
    element.style.setProperty('--down', String(Math.max(1, Math.ceil(count / across))));
    if (count === 0) {
      const { key, content } = this.actions.empty();
      refill(element, key, () => [content()]);
      return;
    }
    element.dataset['key'] = 'panels';
    element.querySelector('.welcome, .loading')?.remove();
    list.forEach((panel, i) => {
      if (element.children[i] !== panel.element)
        element.insertBefore(panel.element, element.children[i] ?? null);
    });
  }

  private make(state: PanelState): Panel {
    const panel = new Panel(this.context, state);
    this.sight.observe(panel.element);
    return panel;
  }

  private remove(panel: Panel): void {
    this.sight.unobserve(panel.element);
    this.unseen.delete(panel.element);
    panel.stop();
    panel.element.remove();
  }
}
