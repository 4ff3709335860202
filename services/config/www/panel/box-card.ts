/*
 * The card of a box: which keys are over-represented in it, of the field that is shown, and of all fields where somebody asks
 * for that. In: answers of value/special. Out: an element; a click on a key narrows.
 */
import type { SpecialAnswer } from '../../../../common/api/special.ts';
import type { TypeInfo } from '../model/answers.ts';
import type { Explanation, FieldKey } from '../model/explain.ts';
import { keyText } from '../model/key-text.ts';
import type { Box } from '../model/box-predicate.ts';
import { shortNumber } from '../model/numbers.ts';
import { formatCount, formatCounted, formatShare } from '../model/units.ts';
import { rangeText } from '../plot/inspector.ts';
import { clockText, spanText } from '../plot/time-axis.ts';
import { button, h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';

/** Of all fields: not asked yet, on its way, there, or refused. */
export type Everything =
  | { readonly state: 'offered'; readonly cost: string }
  | { readonly state: 'asking' }
  | { readonly state: 'there'; readonly explanation: Explanation }
  | { readonly state: 'failed'; readonly why: string };

export interface BoxFacts {
  readonly box: Box;
  /** Some of it; what was found out about it before stays. */
  readonly isInWindow: boolean;
  readonly type: TypeInfo | undefined;
  readonly numeric: boolean;
  readonly unit: string;
  /** Of the field that is shown. */
  readonly splitLabel: string | undefined;
  readonly otherFields: readonly (readonly [string, string])[];
  /** undefined: on its way. */
  readonly answer: SpecialAnswer | undefined;
  readonly problem: string;
  /** undefined: there are no other fields, or no range of values to look in. */
  readonly everything: Everything | undefined;
  labelOf(field: string): string;
}

export interface BoxActions {
  close(): void;
  /** Asks about the events in the box alone; with a key, about that key's. */
  ask(key?: readonly [field: string | undefined, key: string]): void;
  /** Asks about the box, split by another field. */
  split(field: string): void;
  highlight(key: string): void;
  explain(): void;
}

export function boxCard(facts: BoxFacts, actions: BoxActions): HTMLElement {
  const { box, numeric, type, answer, unit, splitLabel } = facts;
  const rows = answer?.keys.filter(({ inside }) => inside > 0) ?? [];
  return h(
    'section',
    { class: 'card box-card', attrs: { 'aria-label': 'What is special in this box' } },
    h(
      'h3',
      {},
      'What is special in this box?',
      button(
        icon('close'),
        () => {
          actions.close();
        },
        { class: 'icon', attrs: { 'aria-label': 'Remove the box' } },
      ),
    ),
    h(
      'p',
      { class: 'card-time' },
      `${clockText(box.start)} – ${clockText(box.end)} (${spanText(box.end - box.start)})`,
      numeric ? `, ${rangeText(box.low, box.high, type)}` : '',
    ),
    !facts.isInWindow &&
      h('p', { class: 'warn', attrs: { role: 'status' } }, 'This box is outside the window that is shown.'),
    facts.problem !== '' && h('p', { class: 'warn' }, facts.problem),
    answer !== undefined &&
      h(
        'p',
        { class: 'card-count' },
        h('strong', {}, formatCounted(answer.inside, unit)),
        `, ${formatShare(answer.inside, answer.inside + answer.outside)} of what is on the screen`,
      ),
    splitLabel === undefined
      ? h('p', { class: 'muted' }, 'Split it by a field to see what these events have in common.')
      : answer === undefined
        ? h('p', { class: 'muted' }, withoutAnswer(facts))
        : rows.length === 0
          ? h('p', { class: 'muted' }, 'There is nothing in this box.')
          : table(
              splitLabel,
              rows.map((row) => ({ ...row, field: '' })),
              actions,
              facts,
            ),
    (answer?.omitted ?? 0) > 0 && h('p', { class: 'muted' }, `and ${formatCount(answer?.omitted ?? 0)} more`),
    facts.everything !== undefined && everythingOf(facts.everything, facts, actions),
    h(
      'div',
      { class: 'card-actions' },
      numeric &&
        button(
          'Count only these',
          () => {
            actions.ask();
          },
          { class: 'primary', title: 'A new instrumentation with this box as its predicate, placed beside' },
        ),
      splitMenu(facts, actions),
    ),
  );
}

function withoutAnswer({ isInWindow, problem }: BoxFacts): string {
  if (!isInWindow) return 'Scroll back to it to compare it with what is around it, or draw another one.';
  return problem === '' ? 'Comparing …' : '';
}

function everythingOf(everything: Everything, facts: BoxFacts, actions: BoxActions): HTMLElement {
  switch (everything.state) {
    case 'offered':
      return h(
        'div',
        { class: 'everything' },
        button('Look at all fields', () => {
          actions.explain();
        }),
        h('span', { class: 'muted' }, ` ${everything.cost}`),
      );
    case 'asking':
      return h('p', { class: 'everything muted', attrs: { role: 'status' } }, 'Looking at all fields …');
    case 'failed':
      return h('p', { class: 'everything warn' }, everything.why);
    case 'there': {
      const { keys, inside, fields } = everything.explanation;
      return h(
        'div',
        { class: 'everything', attrs: { role: 'group', 'aria-label': 'All fields' } },
        h(
          'p',
          { class: 'muted' },
          `All fields (${fields}), over the last seconds: ${formatCounted(inside, facts.unit)} in the same range.`,
        ),
        keys.length === 0
          ? h(
              'p',
              { class: 'muted' },
              inside === 0 ? 'Nothing has happened in that range since.' : 'No key stands out.',
            )
          : table('field and key', keys, actions, facts),
      );
    }
  }
}

function splitMenu({ otherFields }: BoxFacts, actions: BoxActions): HTMLElement | false {
  if (otherFields.length === 0) return false;
  const field = h(
    'select',
    { attrs: { 'aria-label': 'Split these by' } },
    h('option', { attrs: { value: '' } }, 'Count only these, split by…'),
    ...otherFields.map(([name, label]) => h('option', { attrs: { value: name } }, label)),
  );
  field.addEventListener('change', () => {
    if (field.value !== '') actions.split(field.value);
  });
  return field;
}

function moreOften({ ratio, share_inside }: FieldKey): string {
  if (ratio === null) return 'only here';
  return share_inside === 0 ? '–' : `${shortNumber(Number(ratio.toPrecision(2)))}×`;
}

function chance({ p, significant }: FieldKey): string {
  if (p === undefined) return 'Not tested: no independent events.';
  const size = p < 1e-6 ? 'less than one in a million' : `p = ${shortNumber(Number(p.toPrecision(2)))}`;
  return `By chance: ${size}, corrected for the number of keys.${significant === true ? '' : ' It may well be chance.'}`;
}

function table(
  title: string,
  rows: readonly FieldKey[],
  actions: BoxActions,
  { labelOf }: Pick<BoxFacts, 'labelOf'>,
): HTMLElement {
  const head = [title, 'in the box', 'outside', 'more often', 'drill down'];
  return h(
    'table',
    { class: 'special' },
    h('caption', { class: 'hidden' }, 'Keys by how over-represented they are in the box, against the rest'),
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { attrs: { scope: 'col' } }, text)))),
    h(
      'tbody',
      {},
      ...rows.map((row) => {
        const name = keyText(row.key);
        const own = row.field === '';
        const line = h(
          'tr',
          { class: row.significant === true ? 'over' : '', title: chance(row) },
          h(
            'th',
            { attrs: { scope: 'row' } },
            !own && h('span', { class: 'muted' }, `${labelOf(row.field)}: `),
            own
              ? button(
                  name,
                  () => {
                    actions.highlight(row.key);
                  },
                  { class: 'link', title: 'Highlight this key' },
                )
              : name,
          ),
          h('td', {}, `${formatCount(row.inside)} (${formatShare(row.share_inside, 1)})`),
          h('td', {}, `${formatCount(row.outside)} (${formatShare(row.share_outside, 1)})`),
          h('td', { class: 'lift' }, moreOften(row)),
          h(
            'td',
            {},
            button(
              h(
                'span',
                {},
                h('span', { class: 'wide' }, 'count '),
                'only',
                h('span', { class: 'wide' }, ' this'),
              ),
              () => {
                actions.ask([own ? undefined : row.field, row.key]);
              },
              {
                class: 'quiet',
                attrs: { 'aria-label': `count only this: ${own ? '' : `${labelOf(row.field)} `}${name}` },
              },
            ),
          ),
        );
        line.style.setProperty('--share', String(row.share_inside));
        return line;
      }),
    ),
  );
}
