/*
 * What is under the cursor, pinned or boxed, in words and small bars. In: facts (cell-facts.ts, special.ts).
 * Out: elements: a floating card while hovering, docked cards for a pin and for a box.
 */
import type { TypeInfo } from '../model/answers.ts';
import type { SpecialAnswer, SpecialKey } from '../../../../common/api/special.ts';
import type { Box } from '../model/box-predicate.ts';
import type { Cell, CellFacts } from '../model/cell-facts.ts';
import { isIncomplete } from '../model/completeness.ts';
import { icon } from '../ui/icons.ts';
import { button, h } from '../ui/dom.ts';
import type { Completeness } from '../model/answers.ts';
import { keyText } from '../panel/legend.ts';
import { clockText, spanText } from './time-axis.ts';
import { singularOf } from '../../../../common/model/unit.ts';
import { WHY_LOST } from '../model/standing.ts';
import {
  formatCount,
  formatCounted,
  formatExact,
  formatShare,
  formatValue,
  shortNumber,
} from '../model/units.ts';

export interface CellContext {
  /** undefined: nothing came of it. */
  readonly slot: Completeness | undefined;
  /** undefined: they are being asked for. */
  readonly facts: CellFacts | undefined;
  readonly step: number;
  readonly type: TypeInfo | undefined;
  /** False for graphs: a cell is then a whole slot. */
  readonly numeric: boolean;
  readonly unit: string;
}

export const KEYS_HOVERED = 5;
export const KEYS_PINNED = 50;
export const ROWS_BOXED = 12;

function clock(second: number): string {
  return clockText(second, new Date(second * 1000).getTimezoneOffset());
}

function rangeText(low: number, high: number, type: TypeInfo | undefined): string {
  // Four digits tell any two rows of a picture apart.
  return `${formatExact(Number(low.toPrecision(4)), type)} – ${formatExact(Number(high.toPrecision(4)), type)}`;
}

/** "2 of 3 nodes reported, 14 events lost", or '' for a complete slot. */
export function completenessText(point: Completeness): string {
  if (!isIncomplete(point)) return '';
  const parts: string[] = [];
  if (point.minreporting < point.nsources)
    parts.push(`${point.minreporting} of ${point.nsources} nodes reported`);
  if (point.lost > 0) parts.push(`${formatCounted(point.lost, 'events')} lost: ${WHY_LOST}`);
  return parts.join(', ');
}

export function cellLines(cell: Cell, context: CellContext, keysShown: number): HTMLElement[] {
  const { slot, facts, step, type, numeric, unit } = context;
  const time = step === 1 ? clock(cell.time) : `${clock(cell.time)} – ${clock(cell.time + step)}`;
  const head = h('p', { class: 'card-time' }, time);
  if (slot === undefined) return [head, h('p', { class: 'muted' }, 'Nothing is known about this second.')];
  const incomplete = completenessText(slot);
  const range = numeric ? h('p', { class: 'card-range' }, rangeText(cell.low, cell.high, type)) : h('p', {});
  const warning = incomplete === '' ? [] : [h('p', { class: 'warn' }, incomplete)];
  if (facts === undefined) return [head, range, h('p', { class: 'muted' }, '…'), ...warning];
  const { count, keys } = facts;
  const shown = keys.slice(0, keysShown);
  const hidden = keys.length - shown.length + facts.more;
  const words = step === 1 ? 'second' : 'slot';
  const part = `${formatShare(count, facts.total)} of ${formatCount(facts.total)} in this ${words}`;
  return [
    head,
    range,
    h(
      'p',
      { class: 'card-count' },
      h('strong', {}, numeric ? formatCount(count) : formatValue(count, type)),
      numeric
        ? ` ${formatCount(count) === '1' ? singularOf(unit) : unit}${facts.total === 0 ? ` in the whole ${words}` : `, ${part}`}`
        : ` ${type !== undefined ? '' : count === 1 ? singularOf(unit) : unit}`,
    ),
    ...(numeric && facts.p50 !== undefined && facts.p99 !== undefined
      ? [
          h(
            'p',
            { class: 'muted' },
            `p50 ${formatValue(facts.p50, type)}, p99 ${formatValue(facts.p99, type)}`,
          ),
        ]
      : []),
    ...warning,
    ...(facts.sources === undefined ? [] : [h('p', { class: 'muted' }, `by ${facts.sources.join(', ')}`)]),
    ...(shown.length === 0 ? [] : [bars(shown, count)]),
    ...(hidden > 0 ? [h('p', { class: 'muted' }, `and ${formatCount(hidden)} more`)] : []),
  ].filter((element) => element.textContent !== '');
}

function bars(keys: readonly (readonly [string, number])[], total: number): HTMLElement {
  return h(
    'ul',
    { class: 'bars' },
    ...keys.map(([key, n]) => {
      const row = h(
        'li',
        {},
        h('span', { class: 'key' }, keyText(key)),
        h('span', { class: 'number' }, formatCount(n)),
      );
      row.style.setProperty('--share', String(total > 0 ? n / total : 0));
      return row;
    }),
  );
}

export function hoverCard(cell: Cell, context: CellContext): HTMLElement[] {
  return cellLines(cell, context, KEYS_HOVERED);
}

export function pinCard(cell: Cell, context: CellContext, close: () => void): HTMLElement {
  return h(
    'section',
    { class: 'card', attrs: { 'aria-label': 'Pinned' } },
    h(
      'h3',
      {},
      'Pinned',
      button(icon('close'), close, { class: 'icon', attrs: { 'aria-label': 'Remove the pin' } }),
    ),
    ...cellLines(cell, context, KEYS_PINNED),
  );
}

export interface BoxActions {
  readonly close: () => void;
  /** Asks about the events in the box alone; with a key, about that key's. */
  ask(key?: string): void;
  /** Asks about the box, split by another field. */
  split(field: string): void;
  highlight(key: string): void;
}

export interface BoxContext {
  readonly type: TypeInfo | undefined;
  readonly numeric: boolean;
  readonly unit: string;
  readonly splitLabel: string | undefined;
  readonly otherFields: readonly (readonly [string, string])[];
}

export function boxCard(
  box: Box,
  summary: SpecialAnswer,
  context: BoxContext,
  actions: BoxActions,
): HTMLElement {
  const { numeric, type, splitLabel } = context;
  const rows = summary.keys.filter(({ inside }) => inside > 0);
  const more = summary.omitted + rows.length - Math.min(rows.length, ROWS_BOXED);
  return h(
    'section',
    { class: 'card box-card', attrs: { 'aria-label': 'What is special in this box' } },
    h(
      'h3',
      {},
      'What is special in this box?',
      button(icon('close'), actions.close, { class: 'icon', attrs: { 'aria-label': 'Remove the box' } }),
    ),
    h(
      'p',
      { class: 'card-time' },
      `${clock(box.start)} – ${clock(box.end)} (${spanText(box.end - box.start)})`,
      numeric ? `, ${rangeText(box.low, box.high, type)}` : '',
    ),
    h(
      'p',
      { class: 'card-count' },
      h('strong', {}, formatCounted(summary.inside, context.unit)),
      `, ${formatShare(summary.inside, summary.inside + summary.outside)} of what is on the screen`,
    ),
    splitLabel === undefined
      ? h('p', { class: 'muted' }, 'Split it by a field to see what these events have in common.')
      : rows.length === 0
        ? h('p', { class: 'muted' }, 'There is nothing in this box.')
        : specialTable(rows.slice(0, ROWS_BOXED), splitLabel, summary, actions),
    more > 0 && h('p', { class: 'muted' }, `and ${formatCount(more)} more`),
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
      splitMenu(context, actions),
    ),
  );
}

function splitMenu(context: BoxContext, actions: BoxActions): HTMLElement | false {
  if (context.otherFields.length === 0) return false;
  const field = h(
    'select',
    { attrs: { 'aria-label': 'Split these by' } },
    h('option', { attrs: { value: '' } }, 'Count only these, split by…'),
    ...context.otherFields.map(([name, label]) => h('option', { attrs: { value: name } }, label)),
  );
  field.addEventListener('change', () => {
    if (field.value !== '') actions.split(field.value);
  });
  return field;
}

function liftText({ ratio }: SpecialKey): string {
  if (ratio === null) return 'only here';
  return ratio === 0 ? '–' : `${shortNumber(Number(ratio.toPrecision(2)))}×`;
}

/** Where there is no test (levels, bytes), the ratio alone. */
function isOver({ significant, ratio }: SpecialKey): boolean {
  return significant ?? (ratio === null || ratio > 1.2);
}

function specialTable(
  rows: readonly SpecialKey[],
  splitLabel: string,
  summary: SpecialAnswer,
  actions: BoxActions,
): HTMLElement {
  const head = [splitLabel, 'in the box', 'outside', 'more often', 'drill down'];
  return h(
    'table',
    { class: 'special' },
    h('caption', { class: 'hidden' }, `Keys by how over-represented they are in the box, against the rest`),
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { attrs: { scope: 'col' } }, text)))),
    h(
      'tbody',
      {},
      ...rows.map((row) => {
        const share = summary.inside > 0 ? row.inside / summary.inside : 0;
        const cell = h(
          'th',
          { attrs: { scope: 'row' } },
          button(
            keyText(row.key),
            () => {
              actions.highlight(row.key);
            },
            { class: 'link', title: 'Highlight this key' },
          ),
        );
        const line = h(
          'tr',
          { class: isOver(row) ? 'over' : '' },
          cell,
          h('td', {}, `${formatCount(row.inside)} (${formatShare(row.inside, summary.inside)})`),
          h('td', {}, formatCount(row.outside)),
          h('td', { class: 'lift' }, liftText(row)),
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
                actions.ask(row.key);
              },
              { class: 'quiet', attrs: { 'aria-label': `count only this: ${keyText(row.key)}` } },
            ),
          ),
        );
        line.style.setProperty('--share', String(share));
        return line;
      }),
    ),
  );
}
