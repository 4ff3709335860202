/*
 * The empty page: what could be asked, found in the catalogue. In: the catalogue. Out: questions to click on.
 */
import type { Question } from '../model/answers.ts';
import type { Context } from '../ui/context.ts';
import { button, h } from '../ui/dom.ts';
import { startersFor } from '../board/starters.ts';
import { fieldLabel, proposalsOf, shortage, titleOf } from '../model/question.ts';

const PROPOSED = 8;
const SPLITS = 4;

export function welcome(context: Context): HTMLElement {
  const catalogue = context.catalogue();
  const ask = (question: Question): void => {
    context.ask(question).catch((error: unknown) => {
      context.announce(error instanceof Error ? error.message : String(error));
    });
  };
  const lack = shortage(catalogue);
  const proposals = proposalsOf(catalogue).slice(0, PROPOSED);
  return h(
    'section',
    { class: 'welcome' },
    h('h2', {}, 'What do you want to know?'),
    h(
      'p',
      { class: 'muted' },
      'Choose what to count, and every machine starts counting it this second. Nothing is gathered that nobody asked for.',
    ),
    lack !== undefined &&
      h(
        'p',
        { class: 'lack', attrs: { role: 'note' } },
        `${lack.metrics} more metrics are not available here. ${lack.reason}`,
      ),
    h(
      'div',
      { class: 'starters', attrs: { role: 'group', 'aria-label': 'Boards' } },
      ...startersFor(catalogue).map(({ id, about, board, missing }) =>
        button(
          h(
            'span',
            {},
            h('strong', {}, board.name),
            h('span', { class: 'muted question' }, about),
            h(
              'span',
              { class: 'muted question' },
              `${board.panels.length} pictures${missing === 0 ? '' : `; ${missing} more ${missing === 1 ? 'is' : 'are'} not available here`}`,
            ),
          ),
          () => {
            context.openBoard(`~${id}`);
          },
        ),
      ),
    ),
    proposals.length === 0
      ? h('p', { class: 'muted' }, 'Search for a metric in the form to begin.')
      : h(
          'ul',
          { class: 'proposals' },
          ...proposals.map(({ metric, numeric, discrete }) =>
            h(
              'li',
              {},
              h(
                'span',
                {},
                h('strong', {}, titleOf(catalogue, metric)),
                h(
                  'span',
                  { class: 'muted' },
                  numeric === undefined ? ' split by' : ` ${fieldLabel(catalogue, numeric)}, split by`,
                ),
                metric.question !== undefined && h('span', { class: 'muted question' }, metric.question),
              ),
              h(
                'span',
                { class: 'chips' },
                ...discrete.slice(0, SPLITS).map((field) =>
                  button(
                    fieldLabel(catalogue, field),
                    () => {
                      const { module, stat } = metric;
                      ask({
                        module,
                        stat,
                        predicate: {},
                        decomposition: numeric === undefined ? [field] : [field, numeric],
                        granularity: 1,
                      });
                    },
                    { class: 'chip' },
                  ),
                ),
              ),
            ),
          ),
        ),
    h(
      'ol',
      { class: 'steps muted' },
      h('li', {}, 'Ask, and watch the heatmap: time goes right, slow is up, many is dark.'),
      h('li', {}, 'Click a key to see it in its own colour.'),
      h('li', {}, 'Drag a box around what is slow: the page says what is special in it.'),
      h('li', {}, 'One more click counts only that, placed beside.'),
    ),
  );
}
