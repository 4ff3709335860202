/*
 * What is under the cursor, pinned or boxed, in words and small bars. In: facts (cell-facts.ts, special.ts).
 * Out: elements: a floating card while hovering, docked cards for a pin and for a box.
 */
import type { TypeInfo } from '../model/answers.ts';
import { factsOf, type Cell } from '../model/cell-facts.ts';
import { icon } from '../ui/icons.ts';
import { button, h } from '../ui/dom.ts';
import { isIncomplete, type Point } from '../model/history.ts';
import { keyText } from '../panel/legend.ts';
import type { Box, BoxSummary, Special } from '../model/special.ts';
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
  readonly point: Point | undefined;
  readonly step: number;
  readonly type: TypeInfo | undefined;
  /** False for graphs: a cell is then a whole slot. */
  readonly numeric: boolean;
  readonly unit: string;
}

const KEYS_HOVERED = 5;
const KEYS_PINNED = 50;
const ROWS_BOXED = 12;

function clock(second: number): string {
  return clockText(second, new Date(second * 1000).getTimezoneOffset());
}

function rangeText(low: number, high: number, type: TypeInfo | undefined): string {
  // Four digits tell any two rows of a picture apart.
  return `${formatExact(Number(low.toPrecision(4)), type)} – ${formatExact(Number(high.toPrecision(4)), type)}`;
}

/** "2 of 3 nodes reported, 14 events lost", or '' for a complete slot. */
export function completenessText(point: Pick<Point, 'nsources' | 'minreporting' | 'lost'>): string {
  if (!isIncomplete(point)) return '';
  const parts: string[] = [];
  if (point.minreporting < point.nsources)
    parts.push(`${point.minreporting} of ${point.nsources} nodes reported`);
  if (point.lost > 0) parts.push(`${formatCounted(point.lost, 'events')} lost: ${WHY_LOST}`);
  return parts.join(', ');
}

export function cellLines(cell: Cell, context: CellContext, keysShown: number): HTMLElement[] {
  const { point, step, type, numeric, unit } = context;
  const time = step === 1 ? clock(cell.time) : `${clock(cell.time)} – ${clock(cell.time + step)}`;
  const head = h('p', { class: 'card-time' }, time);
  if (point === undefined) return [head, h('p', { class: 'muted' }, 'Nothing is known about this second.')];
  const facts = factsOf(point, cell);
  const incomplete = completenessText(point);
  const count = numeric ? facts.count : point.all.count;
  const keys = numeric
    ? facts.keys
    : [...point.keys].map(([key, slice]) => [key, slice.count] as const).sort((a, b) => b[1] - a[1]);
  const shown = keys.slice(0, keysShown);
  const slot = step === 1 ? 'second' : 'slot';
  const part = `${formatShare(count, facts.total)} of ${formatCount(facts.total)} in this ${slot}`;
  return [
    head,
    numeric ? h('p', { class: 'card-range' }, rangeText(cell.low, cell.high, type)) : h('p', {}),
    h(
      'p',
      { class: 'card-count' },
      h('strong', {}, numeric ? formatCount(count) : formatValue(count, type)),
      numeric
        ? ` ${formatCount(count) === '1' ? singularOf(unit) : unit}${facts.total === 0 ? ` in the whole ${slot}` : `, ${part}`}`
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
    ...(incomplete === '' ? [] : [h('p', { class: 'warn' }, incomplete)]),
    ...(point.sources === undefined ? [] : [h('p', { class: 'muted' }, `by ${point.sources.join(', ')}`)]),
    ...(shown.length === 0 ? [] : [bars(shown, count)]),
    ...(keys.length > shown.length
      ? [h('p', { class: 'muted' }, `and ${formatCount(keys.length - shown.length)} more`)]
      : []),
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
  summary: BoxSummary,
  context: BoxContext,
  actions: BoxActions,
): HTMLElement {
  const { numeric, type, splitLabel } = context;
  const rows = summary.rows.filter(({ inside }) => inside > 0);
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
      `, ${formatShare(summary.inside, summary.total)} of what is on the screen`,
    ),
    splitLabel === undefined
      ? h('p', { class: 'muted' }, 'Split it by a field to see what these events have in common.')
      : rows.length === 0
        ? h('p', { class: 'muted' }, 'There is nothing in this box.')
        : specialTable(rows.slice(0, ROWS_BOXED), splitLabel, summary, actions),
    rows.length > ROWS_BOXED && h('p', { class: 'muted' }, `and ${rows.length - ROWS_BOXED} more`),
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

function liftText({ lift }: Special): string {
  if (lift === Infinity) return 'only here';
  return lift === 0 ? '–' : `${shortNumber(Number(lift.toPrecision(2)))}×`;
}

function specialTable(
  rows: readonly Special[],
  splitLabel: string,
  summary: BoxSummary,
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
          { class: row.score > 0 && row.lift > 1.2 ? 'over' : '' },
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
