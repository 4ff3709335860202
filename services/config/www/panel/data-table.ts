/*
 * The table behind each graph: the same seconds as numbers, for those who cannot or would not read pictures.
 * In: points. Out: rows, newest first; only drawn while it is open.
 */
import type { TypeInfo } from '../model/answers.ts';
import { h } from '../ui/dom.ts';
import { isIncomplete, wasAsked, type Point } from '../model/history.ts';
import { keyText } from './legend.ts';
import { percentile } from '../model/slice.ts';
import { clockText } from '../plot/time-axis.ts';
import { formatCount, formatValue } from '../model/units.ts';

const ROWS = 120;

export interface TableData {
  readonly points: readonly (Point | undefined)[];
  readonly numeric: boolean;
  readonly keyed: boolean;
  readonly valueType: TypeInfo | undefined;
  readonly metricType: TypeInfo | undefined;
  /** What the totals count. */
  readonly quantity: string;
  readonly caption: string;
}

export class DataTable {
  readonly element: HTMLDetailsElement;
  private readonly body = h('div', {
    class: 'table-scroll',
    attrs: { tabindex: 0, role: 'region', 'aria-label': 'Data table' },
  });
  private data: TableData | undefined;

  constructor() {
    this.element = h('details', { class: 'data-table' }, h('summary', {}, 'Data table'), this.body);
    this.element.addEventListener('toggle', () => {
      this.draw();
    });
  }

  show(data: TableData): void {
    this.data = data;
    this.draw();
  }

  private draw(): void {
    const { data } = this;
    if (data === undefined || !this.element.open) return;
    const head = [
      'time',
      data.quantity,
      ...(data.keyed ? ['largest keys'] : []),
      ...(data.numeric ? ['p50', 'p95', 'p99'] : []),
      'nodes',
      'lost',
    ];
    const points = data.points.filter((p) => p !== undefined && wasAsked(p)).reverse() as Point[];
    this.body.replaceChildren(
      h(
        'table',
        {},
        h('caption', { class: 'hidden' }, data.caption),
        h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { attrs: { scope: 'col' } }, text)))),
        h('tbody', {}, ...points.slice(0, ROWS).map((point) => rowOf(point, data))),
      ),
    );
  }
}

function rowOf(point: Point, data: TableData): HTMLElement {
  const zone = new Date(point.start * 1000).getTimezoneOffset();
  const value = (n: number): string =>
    data.metricType === undefined ? formatCount(n) : formatValue(n, data.metricType);
  const keys = [...point.keys].sort((a, b) => b[1].count - a[1].count).slice(0, 3);
  const cells = [
    value(point.all.count),
    ...(data.keyed ? [keys.map(([key, slice]) => `${keyText(key)} ${value(slice.count)}`).join(', ')] : []),
    ...(data.numeric
      ? [0.5, 0.95, 0.99].map((p) => {
          const at = percentile(point.all, p);
          return at === undefined ? '–' : formatValue(at, data.valueType);
        })
      : []),
    `${point.minreporting} of ${point.nsources}`,
    formatCount(point.lost),
  ];
  return h(
    'tr',
    { class: isIncomplete(point) ? 'incomplete' : '' },
    h('th', { attrs: { scope: 'row' } }, clockText(point.start, zone)),
    ...cells.map((text) => h('td', {}, text)),
  );
}
