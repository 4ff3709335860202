/*
 * The tables behind each graph: the same seconds as numbers, for those who cannot or would not read pictures; of a heatmap
 * with keys, their percentiles in the window. In: a view. Out: rows, newest first; asked for and drawn only while it is open.
 */
import { h } from '../ui/dom.ts';
import type { Api } from '../model/api.ts';
import type { TopAnswer } from '../../../../common/api/value.ts';
import { isIncomplete, isKnown, type SlotStanding } from '../model/completeness.ts';
import { keyText } from '../model/key-text.ts';
import { clockText } from '../plot/time-axis.ts';
import { formatCount, formatInField, formatValue } from '../model/units.ts';
import type { View } from '../model/view.ts';

const ROWS = 120;
const KEYS = 3;
const PERCENTILES = [50, 95, 99];
/** Keys whose percentiles are shown. */
const KEY_ROWS = 20;

interface Row {
  readonly count: number;
  readonly keys: readonly (readonly [string, number])[];
  readonly percentiles: readonly (number | undefined)[];
}

export class DataTable {
  readonly element: HTMLDetailsElement;
  private readonly body = h('div', {
    class: 'table-scroll',
    attrs: { tabindex: 0, role: 'region', 'aria-label': 'Data table' },
  });
  private readonly api: Api;
  private view: View | undefined;
  private caption = '';
  private busy = false;

  constructor(api: Api) {
    this.api = api;
    this.element = h('details', { class: 'data-table' }, h('summary', {}, 'Data table'), this.body);
    this.element.addEventListener('toggle', () => {
      void this.draw();
    });
  }

  show(view: View, caption: string): void {
    this.view = view;
    this.caption = caption;
    void this.draw();
  }

  private async draw(): Promise<void> {
    const { view } = this;
    if (view === undefined || !this.element.open || this.busy) return;
    this.busy = true;
    try {
      const [rows, keys] = await Promise.all([this.rowsOf(view), this.keysOf(view)]);
      this.fill(view, rows, keys);
    } catch {
      // The panel's own requests say what is wrong; the table follows with the next second.
    } finally {
      this.busy = false;
    }
  }

  /** Of a graph all is here; of a heatmap the service makes the table. */
  private async rowsOf(view: View): Promise<ReadonlyMap<number, Row>> {
    if (view.numeric === undefined) {
      return new Map(
        view.points
          .filter((point) => point !== undefined)
          .map(({ start, all, keys }) => {
            const counts = [...keys].map(([key, { count }]) => [key, count] as const);
            counts.sort((a, b) => b[1] - a[1]);
            return [start, { count: all.count, keys: counts.slice(0, KEYS), percentiles: [] }] as const;
          }),
      );
    }
    const points = Math.min(ROWS, Math.round((view.end - view.start) / view.step));
    const answers = await this.top(view, view.end - points * view.step, view.step, points, KEYS);
    return new Map(
      answers.map(({ start_time, total, keys }) => {
        const percentiles = PERCENTILES.map((p) => total[`p${p}`]);
        const counts = keys.map(({ key, count }) => [key, Number(count ?? 0)] as const);
        return [start_time, { count: total['count'] ?? 0, keys: counts, percentiles }] as const;
      }),
    );
  }

  /** Of the whole window; undefined: there are no percentiles, or no keys. */
  private async keysOf(view: View): Promise<TopAnswer | undefined> {
    if (view.numeric === undefined || view.discrete === undefined) return undefined;
    const [answer] = await this.top(view, view.start, view.end - view.start, 1, KEY_ROWS);
    return answer;
  }

  private top(
    { instrumentation }: View,
    start: number,
    duration: number,
    points: number,
    limit: number,
  ): Promise<readonly TopAnswer[]> {
    const query = new URLSearchParams({
      start_time: String(start),
      duration: String(duration),
      ndatapoints: String(points),
      limit: String(limit),
      percentiles: PERCENTILES.join(),
      timeout: '0',
    });
    return this.api.top(instrumentation.id, query);
  }

  private fill(view: View, rows: ReadonlyMap<number, Row>, keys: TopAnswer | undefined): void {
    const keyed = view.discrete !== undefined;
    const head = [
      'time',
      view.unit === '' ? 'total' : view.unit,
      ...(keyed ? ['largest keys'] : []),
      ...(view.numeric === undefined ? [] : PERCENTILES.map((p) => `p${p}`)),
      'nodes',
      'lost',
    ];
    const slots = view.slots.filter((slot) => slot !== undefined).reverse();
    const shown = slots.flatMap((slot) => {
      const row = rows.get(slot.start);
      return row === undefined || !(isKnown(slot) || row.count > 0) ? [] : [rowOf(slot, row, view, keyed)];
    });
    this.body.replaceChildren(
      ...(keys === undefined ? [] : [keyTable(keys, view)]),
      h(
        'table',
        {},
        h('caption', { class: 'hidden' }, this.caption),
        headRow(head),
        h('tbody', {}, ...shown.slice(0, ROWS)),
      ),
    );
  }
}

function headRow(texts: readonly string[]): HTMLElement {
  return h('thead', {}, h('tr', {}, ...texts.map((text) => h('th', { attrs: { scope: 'col' } }, text))));
}

function keyTable({ total, keys, omitted }: TopAnswer, view: View): HTMLElement {
  const row = (name: string, figures: Readonly<Record<string, string | number>>): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' } }, name),
      h('td', {}, formatCount(Number(figures['count'] ?? 0))),
      ...PERCENTILES.map((p) => {
        const at = figures[`p${p}`];
        return h('td', {}, typeof at === 'number' ? formatInField(at, view.valueType) : '–');
      }),
    );
  const more = omitted === 0 ? '' : `; ${formatCount(omitted)} more`;
  return h(
    'table',
    { class: 'by-key' },
    h('caption', {}, `Percentiles of the window, by key${more}`),
    headRow(['key', view.unit === '' ? 'total' : view.unit, ...PERCENTILES.map((p) => `p${p}`)]),
    h('tbody', {}, row('all', total), ...keys.map((figures) => row(keyText(figures.key), figures))),
  );
}

function rowOf(slot: SlotStanding, row: Row, view: View, keyed: boolean): HTMLElement {
  const value = (n: number): string =>
    view.metricType === undefined || view.numeric !== undefined
      ? formatCount(n)
      : formatValue(n, view.metricType);
  const cells = [
    value(row.count),
    ...(keyed ? [row.keys.map(([key, count]) => `${keyText(key)} ${value(count)}`).join(', ')] : []),
    ...row.percentiles.map((at) => (at === undefined ? '–' : formatInField(at, view.valueType))),
    `${slot.minreporting} of ${slot.nsources}`,
    formatCount(slot.lost),
  ];
  return h(
    'tr',
    { class: isIncomplete(slot) ? 'incomplete' : '' },
    h('th', { attrs: { scope: 'row' } }, clockText(slot.start)),
    ...cells.map((text) => h('td', {}, text)),
  );
}
