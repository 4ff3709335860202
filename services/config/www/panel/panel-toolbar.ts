/*
 * A panel's controls: window, going back in time, colours, axis, lines, comparison. In: the panel's state. Out: changes of it.
 */
import { button, choice, h, refill, select } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import type { Scale } from '../../../../common/model/axis.ts';
import { spanText, windowsFor } from '../plot/time-axis.ts';
import type { Coloring, PanelState } from '../model/url-state.ts';
import { comparableOf, type View } from '../model/view.ts';
import type { Context } from '../ui/context.ts';
import type { PanelHost } from './panel-host.ts';

interface ToolbarData {
  readonly state: PanelState;
  readonly window: number;
  readonly granularity: number;
  readonly retention: number;
  /** undefined: a graph, which has neither colours nor a value axis to choose. */
  readonly axis: Scale | undefined;
  readonly keyed: boolean;
  readonly others: readonly (readonly [string, string])[];
}

interface ToolbarActions {
  set(change: Partial<PanelState>): void;
  /** Columns to go forward; negative: back. */
  scroll(columns: number): void;
  pause(): void;
  live(): void;
}

export function showToolbar(element: HTMLElement, context: Context, panel: PanelHost, view: View): void {
  const { instrumentation } = view;
  const data = {
    state: panel.state,
    window: view.end - view.start,
    granularity: instrumentation.granularity,
    retention: instrumentation['retention-time'],
    axis: view.heat?.axis.scale,
    keyed: view.discrete !== undefined,
    others: comparableOf(context.catalogue(), context.running() ?? [], instrumentation),
  };
  drawToolbar(element, data, {
    set: (change) => {
      panel.set(change);
    },
    scroll: (columns) => {
      panel.scroll(columns);
    },
    pause: () => {
      // What is on the screen when it is pressed: the button is older.
      const { start, end } = panel.current() ?? view;
      panel.set({ end, window: end - start });
    },
    live: () => {
      panel.set({ end: undefined });
    },
  });
}

function drawToolbar(element: HTMLElement, data: ToolbarData, actions: ToolbarActions): void {
  const { state, window, axis } = data;
  const { coloring, percentiles, stacked, versus } = state;
  const live = state.end === undefined;
  const key = JSON.stringify([{ ...data, state: { coloring, percentiles, stacked, versus, live } }]);
  refill(element, key, () => [
    h(
      'div',
      { class: 'tools time-tools', attrs: { role: 'group', 'aria-label': 'Time' } },
      tool(icon('back'), 'Back by half a window', 'back', () => {
        actions.scroll(-Math.round(window / data.granularity / 2));
      }),
      live
        ? tool(icon('pause'), 'Hold the picture', 'pause', () => {
            actions.pause();
          })
        : tool('Now', 'Jump to now', 'pause', () => {
            actions.live();
          }),
      tool(
        icon('forward'),
        'Forward by half a window',
        'forward',
        () => {
          actions.scroll(Math.round(window / data.granularity / 2));
        },
        live,
      ),
      select(
        'Window',
        windowsFor(data.granularity, data.retention).map((w) => [String(w), spanText(w)] as const),
        String(window),
        (value) => {
          actions.set({ window: Number(value) });
        },
      ),
    ),
    axis !== undefined &&
      h(
        'div',
        { class: 'tools' },
        choice<Coloring>(
          'Colours by',
          [
            ['rank', 'rank', 'Colours by rank: every difference shows, whatever its size'],
            ['linear', 'linear', 'Colours in proportion to the count'],
            [
              'log',
              'log',
              'Colours by the logarithm of the count: one event is visible, one outlier does not wash out the rest',
            ],
          ],
          coloring,
          (value) => {
            actions.set({ coloring: value });
          },
        ),
        choice<Scale>(
          'Value axis',
          [
            ['linear', '↕ linear', 'Linear value axis'],
            ['log', '↕ log', 'Logarithmic value axis'],
          ],
          axis,
          (value) => {
            actions.set({ axis: value });
          },
        ),
        toggle('p50 p95 p99', 'Percentile lines', percentiles, (on) => {
          actions.set({ percentiles: on });
        }),
      ),
    axis === undefined &&
      data.keyed &&
      h(
        'div',
        { class: 'tools' },
        toggle('stacked', 'Stacked areas instead of lines', stacked, (on) => {
          actions.set({ stacked: on });
        }),
      ),
    axis !== undefined &&
      h(
        'div',
        { class: 'tools' },
        select('Compare with', [['', 'Compare with…'], ...data.others], versus ?? '', (value) => {
          actions.set({ versus: value === '' ? undefined : value });
        }),
      ),
  ]);
}

function tool(
  label: Node | string,
  title: string,
  focus: string,
  click: () => void,
  disabled = false,
): HTMLButtonElement {
  return button(label, click, {
    class: 'tool',
    title,
    attrs: { 'aria-label': title, 'data-focus': focus, disabled },
  });
}

function toggle(label: string, title: string, on: boolean, set: (on: boolean) => void): HTMLButtonElement {
  return button(
    label,
    () => {
      set(!on);
    },
    { class: 'tool', title, attrs: { 'aria-pressed': String(on), 'data-focus': title } },
  );
}
