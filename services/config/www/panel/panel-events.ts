/* What pointing at a plot does to its panel. In: the panel, its cards. Out: the events that its plots want. */
import type { Context } from '../ui/context.ts';
import type { PanelHost } from './panel-host.ts';
import type { PanelCards } from './panel-cards.ts';
import type { PlotEvents } from './panel-plots.ts';

export function plotEvents(context: Context, panel: PanelHost, cards: PanelCards): PlotEvents {
  return {
    hover(time, x, y) {
      context.pointAt(time);
      const cell = time === undefined ? undefined : { time, low: 0, high: 0 };
      cards.hover(panel.current(), cell, x, y, false);
    },
    pin(time) {
      panel.set({ pin: { time, value: 0 } });
    },
    box(start, end) {
      panel.set({ box: { start, end, low: 0, high: 1 } });
    },
    heatmap: {
      hover(cell, x, y, byKeyboard) {
        context.pointAt(cell?.time);
        cards.hover(panel.current(), cell, x, y, byKeyboard);
      },
      pin(cell) {
        panel.set({ pin: { time: cell.time, value: (cell.low + cell.high) / 2 } });
      },
      box(box) {
        panel.set({ box });
      },
      clear() {
        const { box, pin } = panel.state;
        if (box !== undefined || pin !== undefined) panel.set({ box: undefined, pin: undefined });
      },
      scroll(columns) {
        panel.scroll(columns);
      },
    },
  };
}
