/*
 * The way to this question, above its picture. In: the panel's trail. Out: steps to go back to, and a report of all of them.
 */
import { readPredicate } from '../../model/predicate-form.ts';
import { byText } from '../../model/question.ts';
import type { Step } from '../../model/trail.ts';
import type { Context } from '../../ui/context.ts';
import { button, h, refill } from '../../ui/dom.ts';
import type { PanelHost } from '../panel-host.ts';

export class PanelTrail {
  readonly element = h('nav', { class: 'trail', attrs: { 'aria-label': 'The way to this question' } });
  private readonly context: Context;
  private readonly panel: PanelHost;
  private readonly report: () => void;

  constructor(context: Context, panel: PanelHost, report: () => void) {
    this.context = context;
    this.panel = panel;
    this.report = report;
  }

  show(): void {
    const { trail } = this.panel.state;
    this.element.hidden = trail.length === 0;
    refill(this.element, JSON.stringify(trail), () => {
      if (trail.length === 0) return [];
      const catalogue = this.context.catalogue();
      const textOf = ({ by, where }: Step): string =>
        [readPredicate(where, catalogue) || 'everything', byText(catalogue, by)].join(' ').trim();
      return [
        button('← Back', () => {
          this.back(trail.length - 1);
        }),
        h(
          'ol',
          {},
          ...trail.map((step, i) =>
            h(
              'li',
              {},
              button(
                textOf(step),
                () => {
                  this.back(i);
                },
                { class: 'link', title: 'Back to this question' },
              ),
            ),
          ),
          h('li', { attrs: { 'aria-current': 'step' } }, textOf(this.panel.state)),
        ),
        button('Report', this.report, {
          class: 'quiet',
          title: 'The way to this answer as one page: text, tables and pictures',
        }),
      ];
    });
  }

  private back(at: number): void {
    this.context.back(this.panel.state.id, at);
  }
}
