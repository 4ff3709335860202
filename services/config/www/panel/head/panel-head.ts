/*
 * The head of a panel: what was asked, in words, how complete the answer is, and what can be done with it.
 * In: the panel's view, the instrumentation as the service sees it, the last error. Out: text, badges, a menu.
 */
import type { Instrumentation } from '../../model/answers.ts';
import type { ApiError } from '../../model/api.ts';
import { costDetails, costText } from '../../model/cost.ts';
import type { Context } from '../../ui/context.ts';
import { icon } from '../../ui/icons.ts';
import { button, h, menu, refill } from '../../ui/dom.ts';
import { csvOf, jsonOf } from '../../model/values/exports.ts';
import { completenessText } from '../../plot/inspector.ts';
import { panelHandle } from './panel-handle.ts';
import type { PanelHost } from '../panel-host.ts';
import type { View } from '../../model/view.ts';
import { readPredicate } from '../../model/predicate-form.ts';
import {
  byText,
  cactlOf,
  curlOf,
  percentilesPath,
  questionOf,
  sentenceOf,
  titleOf,
  valuesPath,
} from '../../model/question.ts';
import { reportOf } from './report.ts';
import { copy, download, follow, plotPng } from './share.ts';
import { formatCount } from '../../model/units.ts';
import { clocksText, diskText, standingText, whyLost } from '../../model/standing.ts';
import { clockText } from '../../plot/time-axis.ts';
import { stretchText } from '../../model/zone.ts';

export class PanelHead {
  readonly element = h('div', { class: 'panel-head' });
  private readonly titles = h('div', { class: 'titles' });
  private readonly badges = h('div', { class: 'badges' });
  private readonly actions = h('div', { class: 'tools' });
  private readonly notice = h('div', { class: 'notice', attrs: { role: 'status' } });
  private readonly context: Context;
  private readonly panel: PanelHost;

  constructor(context: Context, panel: PanelHost) {
    this.context = context;
    this.panel = panel;
    this.notice.hidden = true;
    this.element.append(this.titles, this.badges, this.actions, this.notice);
  }

  show(view: View | undefined, i: Instrumentation, error: ApiError | undefined, live: boolean): void {
    const catalogue = this.context.catalogue();
    const named = this.panel.state.title !== undefined;
    const title = this.panel.state.title ?? titleOf(catalogue, i);
    const where = readPredicate(i.predicate, catalogue);
    const by = byText(catalogue, i.decomposition);
    refill(this.titles, JSON.stringify([title, by, where]), () => [
      h('h2', {}, title),
      h(
        'p',
        { class: 'muted' },
        [named ? titleOf(catalogue, i) : '', by, where === '' ? '' : `where ${where}`]
          .filter((part) => part !== '')
          .join(', '),
      ),
    ]);
    this.panel.element.setAttribute('aria-label', sentenceOf(catalogue, questionOf(i)));
    this.showBadges(view, i, error, live);
    this.showNotice(view, i, error);
    refill(this.actions, i.id, () => [
      this.menu(i),
      panelHandle(this.context, this.panel),
      this.closeButton(),
    ]);
  }

  /** The link is older than its instrumentation: the question is still known, and can be asked again. */
  gone(): void {
    const { metric, by, where, granularity, title } = this.panel.state;
    const [module = '', stat = ''] = metric.split('.');
    const catalogue = this.context.catalogue();
    const condition = readPredicate(where, catalogue);
    refill(this.notice, JSON.stringify(['gone', metric, by, condition]), () => [
      h('strong', {}, 'This instrumentation no longer runs.'),
      h('span', {}, metric === '' ? ` There is no #${this.panel.state.id}.` : ` It counted ${metric}.`),
      metric !== '' &&
        h(
          'span',
          {},
          ` ${[byText(catalogue, by), condition === '' ? '' : `where ${condition}`].filter((t) => t !== '').join(', ')}`,
        ),
      metric !== '' &&
        button(
          'Ask it again',
          () => {
            const question = { module, stat, predicate: where, decomposition: by, granularity };
            this.context
              .ask(question, this.panel.state.id)
              .then(() => {
                this.context.close(this.panel.state.id);
              })
              .catch((error: unknown) => {
                this.context.announce(String(error));
              });
          },
          { class: 'primary' },
        ),
    ]);
    this.notice.hidden = false;
    this.panel.element.classList.add('empty');
    refill(this.titles, `gone ${metric}`, () => [
      h(
        'h2',
        {},
        title ?? (metric === '' ? `#${this.panel.state.id}` : titleOf(catalogue, { module, stat })),
      ),
    ]);
    refill(this.badges, 'gone', () => []);
    refill(this.actions, 'gone', () => [this.closeButton()]);
  }

  private showBadges(
    view: View | undefined,
    i: Instrumentation,
    error: ApiError | undefined,
    live: boolean,
  ): void {
    const newest = view?.slots.findLast((slot) => slot !== undefined);
    const incomplete = newest === undefined ? '' : completenessText(newest);
    const lost = view?.slots.reduce((sum, slot) => sum + (slot?.lost ?? 0), 0) ?? 0;
    const idle = live && i.state !== undefined && (i.state.enabled ?? 0) === 0 && (i.state.failed ?? 0) > 0;
    const state =
      i.enabled === false
        ? 'paused'
        : idle
          ? 'not counting'
          : error !== undefined
            ? 'no data'
            : live
              ? 'live'
              : `until ${view === undefined ? '' : clockText(view.end)}`;
    const reporting = newest?.minreporting ?? i.nsources ?? 0;
    const expected = newest?.nsources ?? reporting;
    const nodes =
      reporting < expected
        ? `${reporting} of ${expected} nodes`
        : `${reporting} ${reporting === 1 ? 'node' : 'nodes'}`;
    const cost = this.panel.data.cost;
    const clocks = clocksText(this.panel.data.clocks);
    const disk = diskText(this.panel.data.disk);
    const badges = [
      state,
      nodes,
      incomplete,
      lost,
      lost > 0 ? whyLost(i.nodes) : '',
      costDetails(cost),
      clocks ?? '',
      disk ?? '',
    ];
    refill(this.badges, JSON.stringify(badges), () => [
      h('span', { class: `badge ${state === 'live' ? 'live' : 'still'}` }, state),
      h('span', { class: incomplete === '' ? 'badge' : 'badge bad', title: incomplete }, nodes),
      clocks !== undefined && h('span', { class: 'badge bad', title: clocks[1] }, clocks[0]),
      disk !== undefined && h('span', { class: 'badge bad', title: disk[1] }, disk[0]),
      cost !== undefined && h('span', { class: 'badge cost', title: costDetails(cost) }, costText(cost)),
      lost > 0 &&
        h(
          'span',
          {
            class: 'badge bad',
            title: `Events known to have happened and not counted: ${whyLost(i.nodes)}.`,
          },
          `${formatCount(lost)} lost`,
        ),
    ]);
  }

  private showNotice(view: View | undefined, i: Instrumentation, error: ApiError | undefined): void {
    const text =
      // That nothing answers is told once, at the top of the page.
      error !== undefined
        ? error.status === 0
          ? ''
          : error.message
        : i.enabled === false
          ? 'Paused: no node counts.'
          : standingText(i) !== ''
            ? standingText(i)
            : view?.count === 0
              ? 'Nothing has happened yet. Counting goes on; what happens next appears here.'
              : '';
    this.panel.element.classList.toggle('empty', view === undefined);
    this.notice.hidden = text === '';
    refill(this.notice, text, () => [h('span', {}, text), this.remedy(i)]);
  }

  /** What can be done about it here and now. */
  private remedy(i: Instrumentation): HTMLElement | false {
    const { context } = this;
    const enable = (enabled: boolean): Promise<unknown> => context.api.change(i.id, { enabled });
    if (i.enabled === false)
      return button('Resume', () => {
        context.change(() => enable(true));
      });
    if ((i.state?.failed ?? 0) === 0) return false;
    // Nodes start anew what was paused.
    return button('Try again', () => {
      context.change(() => enable(false).then(() => enable(true)));
    });
  }

  private closeButton(): HTMLElement {
    return button(
      icon('close'),
      () => {
        this.context.close(this.panel.state.id);
      },
      {
        class: 'icon',
        title: 'Close this view; counting goes on',
        attrs: { 'aria-label': 'Close this view' },
      },
    );
  }

  private menu(i: Instrumentation): HTMLElement {
    const question = questionOf(i);
    const name = `${i.module}.${i.stat}-${i.id}`;
    const say = (what: string) => (copied: boolean) => {
      if (copied) this.context.announce(`${what} copied.`);
    };
    return menu('Share', 'Share and save', [
      ['Copy link', () => void copy(location.href).then(say('Link'))],
      [
        'Copy data as curl',
        () => {
          const view = this.panel.current();
          if (view === undefined) return;
          void copy(`curl -s '${location.origin}${valuesPath(this.context.api.base, i.id, view)}'`).then(
            say('curl command'),
          );
        },
      ],
      [
        'Copy question as curl',
        () =>
          void copy(curlOf(question, `${location.origin}${this.context.api.base}`)).then(say('curl command')),
      ],
      ['Copy as cactl', () => void copy(cactlOf(question)).then(say('cactl command'))],
      ...(i.promql === undefined
        ? []
        : [['Copy as PromQL', () => void copy(i.promql ?? '').then(say('PromQL'))] as const]),
      ['Save picture (PNG)', () => void this.savePng(i, name)],
      [
        'Save percentiles (CSV)',
        () => {
          const view = this.panel.current();
          if (view !== undefined)
            follow(percentilesPath(this.context.api.base, i.id, view), `${name}-percentiles.csv`);
        },
      ],
      [
        'Save data (CSV)',
        () => {
          void this.save(name, 'csv');
        },
      ],
      [
        'Save data (JSON)',
        () => {
          void this.save(name, 'json');
        },
      ],
      ['Save report (HTML)', () => void this.saveReport()],
      [
        'Change and ask anew',
        () => {
          this.context.edit(question);
        },
      ],
    ]);
  }

  private async save(name: string, kind: 'csv' | 'json'): Promise<void> {
    const view = this.panel.current();
    if (view === undefined) return;
    const keyed = view.discrete !== undefined;
    const numeric = view.numeric !== undefined;
    const points = await this.panel.data.pointsOf(view);
    if (points === undefined) {
      this.context.announce('The data could not be fetched.');
      return;
    }
    if (kind === 'csv') download(`${name}.csv`, 'text/csv', csvOf(points, keyed, numeric, view.rawUnit));
    else {
      const text = jsonOf(questionOf(view.instrumentation), points, keyed, numeric);
      download(`${name}.json`, 'application/json', text);
    }
  }

  /** The way to this question as one page. */
  async saveReport(): Promise<void> {
    const { metric, id } = this.panel.state;
    download(`${metric}-${id}-report.html`, 'text/html', await reportOf(this.context, this.panel));
  }

  private async savePng(i: Instrumentation, name: string): Promise<void> {
    const plot = this.panel.plot();
    const view = this.panel.current();
    if (plot === undefined || view === undefined) return;
    const when = `${clockText(view.start)} to ${clockText(view.end)}, ${stretchText(view.start, view.end)}`;
    const blob = await plotPng(
      plot,
      sentenceOf(this.context.catalogue(), questionOf(i)),
      when,
      this.panel.legend(),
    );
    if (blob !== undefined) download(`${name}.png`, 'image/png', blob);
  }
}
