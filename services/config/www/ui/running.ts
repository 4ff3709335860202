/*
 * What runs: every instrumentation with how it stands, and what can be done about it. In: the list, fetched every few
 * seconds, and one instrumentation's nodes when opened. Out: changes through the API; the page refreshes after each.
 */
import type { Cost, Instrumentation } from '../model/answers.ts';
import { costDetails, costText } from '../model/cost.ts';
import type { Context } from './context.ts';
import { button, h, menu, refill } from './dom.ts';
import { dyingText, keepChoices, keptText } from '../model/keeping.ts';
import { byText, questionOf, titleOf } from '../model/question.ts';
import { readPredicate } from '../model/predicate-form.ts';
import { standingText } from '../model/standing.ts';

export interface RunningActions {
  isShown(id: string): boolean;
  toggle(id: string): void;
  /** Deletes it, unless that is taken back. */
  remove(i: Instrumentation): void;
  /** What counting costs, where it is known: of those that are shown or opened. */
  costOf(id: string): Cost | undefined;
  /** Runs a change and refreshes the list; errors are told to the person. */
  change(what: () => Promise<unknown>): void;
}

export class Running {
  readonly element = h('section', { class: 'running', attrs: { 'aria-label': 'What runs' } });
  private readonly list = h('ul', {});
  private readonly context: Context;
  private readonly actions: RunningActions;
  private readonly open = new Set<string>();

  constructor(context: Context, actions: RunningActions) {
    this.context = context;
    this.actions = actions;
    this.element.append(h('h2', {}, 'Running'), this.list);
  }

  get opened(): ReadonlySet<string> {
    return this.open;
  }

  /** Who is missing, and why, is fetched only for those that somebody looks at, or where something is wrong. */
  needsNodes({ id, state }: Instrumentation): boolean {
    return this.open.has(id) || (state?.failed ?? 0) > 0 || (state?.stopped ?? 0) > 0;
  }

  show(running: readonly Instrumentation[]): void {
    const catalogue = this.context.catalogue();
    const key = JSON.stringify([
      running.map((i) => [titleOf(catalogue, i), byText(catalogue, i.decomposition)]),
      // The time that is left changes each second; what is said of it does not.
      running.map((i) => ({ ...i, 'idle-left': dyingText(i) })),
      running.map(({ id }) => [this.actions.isShown(id), this.open.has(id), this.actions.costOf(id)]),
    ]);
    refill(this.list, key, () => {
      if (running.length === 0)
        return [h('li', { class: 'muted none' }, 'Nothing is counted. Nothing costs anything.')];
      return running.map((i) => this.row(i));
    });
  }

  private row(i: Instrumentation): HTMLElement {
    const { context, actions } = this;
    const { api } = context;
    const catalogue = context.catalogue();
    const shown = actions.isShown(i.id);
    const enabled = i.enabled !== false;
    const standing = standingText(i);
    const where = readPredicate(i.predicate, catalogue);
    const by = byText(catalogue, i.decomposition);
    const opened = this.open.has(i.id);
    // Whoever has it on the screen looks at it.
    const dying = shown ? '' : dyingText(i);
    return h(
      'li',
      { class: `run ${shown ? 'shown' : ''}` },
      h(
        'button',
        {
          class: 'run-name',
          title: shown ? 'Shown; click to close its view' : 'Click to show',
          attrs: { type: 'button', 'aria-pressed': String(shown), 'data-focus': `show ${i.id}` },
          on: {
            click: () => {
              actions.toggle(i.id);
            },
          },
        },
        h('span', { class: `dot ${!enabled ? 'off' : standing === '' ? 'good' : 'bad'}` }),
        h(
          'span',
          {},
          h('span', { class: 'run-title' }, titleOf(catalogue, i)),
          h(
            'span',
            { class: 'muted' },
            [by, where === '' ? '' : `where ${where}`, costText(actions.costOf(i.id))]
              .filter((t) => t !== '')
              .join(', '),
          ),
        ),
        h('span', { class: 'run-nodes', title: standing }, enabled ? nodesText(i) : 'paused'),
      ),
      h(
        'div',
        { class: 'run-actions' },
        this.action(i, enabled ? 'Pause' : 'Resume', () => api.change(i.id, { enabled: !enabled })),
        this.action(i, 'Clone', () => api.clone(i.id)),
        menu(
          'Keep',
          `Keep: it ${keptText(i)}`,
          keepChoices(i).map(([text, properties]) => [
            text,
            () => {
              actions.change(() => api.change(i.id, properties));
            },
          ]),
        ),
        button(
          'Change',
          () => {
            context.edit(questionOf(i));
          },
          { class: 'quiet', title: 'Put the question into the form, to ask a variant of it' },
        ),
        button(
          opened ? 'Hide nodes' : 'Nodes',
          () => {
            if (opened) this.open.delete(i.id);
            else this.open.add(i.id);
            actions.change(() => Promise.resolve());
          },
          { class: 'quiet', attrs: { 'aria-expanded': String(opened), 'data-focus': `nodes ${i.id}` } },
        ),
        button(
          'Delete',
          () => {
            actions.remove(i);
          },
          {
            class: 'quiet danger',
            title: 'Stop counting and drop all its values; for some seconds it can be taken back',
            attrs: { 'data-focus': `Delete ${i.id}` },
          },
        ),
      ),
      dying !== '' && h('p', { class: 'dying', attrs: { role: 'status' } }, dying),
      opened && h('p', { class: 'muted' }, costDetails(actions.costOf(i.id))),
      opened && h('p', { class: 'muted' }, `${keptText(i)}.`),
      opened && nodeList(i),
    );
  }

  private action(i: Instrumentation, name: string, act: () => Promise<unknown>): HTMLElement {
    const titles: Readonly<Record<string, string>> = {
      Pause: 'Stop counting, keep what was counted',
      Resume: 'Count again',
      Clone: 'The same question once more, as an instrumentation of its own',
    };
    return button(
      name,
      () => {
        this.actions.change(act);
      },
      {
        class: 'quiet',
        title: titles[name] ?? '',
        attrs: { 'data-focus': `${name} ${i.id}` },
      },
    );
  }
}

function nodesText(i: Instrumentation): string {
  const {
    enabled = 0,
    enabling = 0,
    failed = 0,
    stopped = 0,
    unsupported = 0,
  } = i.state ?? { enabled: i.nsources ?? 0 };
  const all = enabled + enabling + failed + stopped + unsupported;
  return all === enabled ? `${enabled} ${enabled === 1 ? 'node' : 'nodes'}` : `${enabled} of ${all}`;
}

function nodeList(i: Instrumentation): HTMLElement {
  const nodes = i.nodes ?? [];
  if (nodes.length === 0) return h('p', { class: 'muted' }, 'Nothing is known about its nodes yet.');
  // What needs attention comes first.
  const order = ['failed', 'stopped', 'enabling', 'unsupported', 'enabled'];
  const sorted = [...nodes].sort(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || (a.node < b.node ? -1 : 1),
  );
  return h(
    'ul',
    { class: 'nodes' },
    ...sorted
      .slice(0, 200)
      .map((node) =>
        h(
          'li',
          { class: node.state },
          h('strong', {}, node.node),
          ` ${node.state}${node.source === undefined ? '' : ` (${node.source})`}`,
          node.reason !== undefined && h('span', { class: 'reason' }, node.reason),
          node.log !== undefined && node.log !== '' && h('pre', {}, node.log),
        ),
      ),
    sorted.length > 200 && h('li', { class: 'muted' }, `and ${sorted.length - 200} more`),
  );
}
