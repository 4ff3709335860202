/*
 * What is under the cursor, pinned or boxed, in words and small bars. In: facts (cell-facts.ts).
 * Out: elements: a floating card while hovering, docked cards for a pin and for a box.
 */
import type { TypeInfo } from '../model/answers.ts';
import type { Cell, CellFacts } from '../model/cell-facts.ts';
import { isIncomplete } from '../model/completeness.ts';
import { icon } from '../ui/icons.ts';
import { button, h } from '../ui/dom.ts';
import type { Completeness } from '../model/answers.ts';
import { keyText } from '../model/key-text.ts';
import { clockText } from './time-axis.ts';
import { singularOf } from '../../../../common/model/unit.ts';
import { WHY_LOST } from '../model/standing.ts';
import {
  formatCount,
  formatCounted,
  formatExact,
  formatInField,
  formatShare,
  formatValue,
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

export function rangeText(low: number, high: number, type: TypeInfo | undefined): string {
  // Four digits tell any two rows of a picture apart.
  return [low, high].map((edge) => formatInField(Number(edge.toPrecision(4)), type, formatExact)).join(' – ');
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
  const time = step === 1 ? clockText(cell.time) : `${clockText(cell.time)} – ${clockText(cell.time + step)}`;
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
            `p50 ${formatInField(facts.p50, type)}, p99 ${formatInField(facts.p99, type)}`,
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
