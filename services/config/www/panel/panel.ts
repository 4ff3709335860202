/*
 * A panel: one instrumentation on the screen, second by second. In: its state (url-state.ts) and a tick each second.
 * Out: plots, legend, cards; changes of its state, told to the page. Drawing starts only when all its data is there.
 */
import type { Clocks, Cost, Disk, Instrumentation } from '../model/answers.ts';
import { ApiError } from '../model/api.ts';
import type { Cell } from '../model/cell-facts.ts';
import type { Context } from '../ui/context.ts';
import { DataTable } from './data-table.ts';
import { h } from '../ui/dom.ts';
import { Feed } from '../model/feed.ts';
import { ROWS } from '../model/heatmap-query.ts';
import { Legend } from './legend.ts';
import { PanelCards } from './panel-cards.ts';
import { plotEvents } from './panel-events.ts';
import { heatmapParts } from './panel-heatmap.ts';
import { PanelHead } from './panel-head.ts';
import { KeyColours, seriesOf } from './panel-keys.ts';
import { PanelPlots } from './panel-plots.ts';
import { drawToolbar } from './panel-toolbar.ts';
import { scrolled, spanOf } from './panel-window.ts';
import type { PictureWish } from '../plot/pictures.ts';
import { cellOf, placeOf } from '../plot/plot-frame.ts';
import { fieldLabel } from '../model/question.ts';
import { sum } from '../model/slice.ts';
import { formatCount, formatValue, shortCount } from '../model/units.ts';
import type { PanelState } from '../model/url-state.ts';
import { nextAxis, suggestAxis, type AxisKind, type ValueAxis } from '../plot/value-axis.ts';
import { comparableOf, quantityOf, summaryOf, viewOf, type View } from '../model/view.ts';

/** What changes how values look, and not which values they are. */
const LOOKS = new Set(['coloring', 'axis', 'percentiles', 'stacked', 'mode', 'keys', 'pin', 'box']);

export class Panel {
  state: PanelState;
  readonly element = h('section', { class: 'panel' });
  private readonly context: Context;
  private readonly head: PanelHead;
  private readonly toolbar = h('div', { class: 'toolbar' });
  private readonly plots: PanelPlots;
  private readonly legend: Legend;
  private readonly cards: PanelCards;
  private readonly table = new DataTable();
  private readonly colours = new KeyColours();
  private feed: Feed;
  private other: Feed | undefined;
  private axis: ValueAxis | undefined;
  private axisKind: AxisKind | undefined;
  private view: View | undefined;
  private busy = false;
  private again = false;
  /** What was drawn last, if time alone cannot change it: a held picture asks for nothing more. */
  private settled: string | undefined;
  private drawing: Promise<void> = Promise.resolve();
  /** Seconds by which the other side of a comparison is older, when it was drawn last. */
  private shift = 0;

  constructor(context: Context, state: PanelState) {
    this.context = context;
    this.state = state;
    this.feed = new Feed(context.api, state.id, 1);
    this.head = new PanelHead(context, this);
    this.legend = new Legend((change) => {
      this.set(change);
    });
    this.cards = new PanelCards(context, this);
    this.plots = new PanelPlots(plotEvents(context, this, this.cards));
    this.element.append(
      this.head.element,
      this.toolbar,
      h('div', { class: 'panel-body' }, this.plots.element, this.legend.element),
      this.cards.element,
      this.table.element,
    );
  }

  set(change: Partial<PanelState>): void {
    this.state = { ...this.state, ...change };
    this.context.changed();
    // A click is answered from what is known; the newest second may be half a second away.
    if (Object.keys(change).every((name) => LOOKS.has(name))) void this.drawKnown();
    void this.tick();
  }

  /** One drawing after the other, each of what is known when its turn comes: none can bring back an older second. */
  private inTurn(draw: () => Promise<void>): Promise<void> {
    const turn = this.drawing.then(draw);
    this.drawing = turn.catch(() => undefined);
    return turn;
  }

  private async drawKnown(): Promise<void> {
    try {
      await this.inTurn(async () => {
        if (this.view !== undefined) await this.draw(this.view, this.shift);
      });
    } catch {
      // The tick that follows tells what is wrong.
    }
  }

  /** Once a second, and after each change. Never two at a time: the second one waits its turn. */
  async tick(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      await this.refresh();
    } finally {
      this.busy = false;
    }
    if (!this.again) return;
    this.again = false;
    await this.tick();
  }

  showTime(time: number | undefined): void {
    this.plots.showTime(time);
  }

  plot(): HTMLElement | undefined {
    return this.plots.plot();
  }

  current(): View | undefined {
    return this.view;
  }

  /** What its counting costs, once nodes have told. */
  cost(): Cost | undefined {
    return this.feed.cost;
  }

  /** What is wrong with the disk that it is kept on, as the newest value tells. */
  disk(): Disk | undefined {
    return this.feed.disk;
  }

  /** Which nodes' clocks are off, as the newest value tells. */
  clocks(): Clocks | undefined {
    return this.feed.clocks;
  }

  stop(): void {
    this.cards.stop();
  }

  private async refresh(): Promise<void> {
    const { context, state } = this;
    const running = context.running();
    const instrumentation = running?.find(({ id }) => id === state.id);
    if (instrumentation === undefined) {
      if (running !== undefined) this.head.gone();
      return;
    }
    this.describe(instrumentation);
    const wanted = JSON.stringify([
      this.state,
      context.theme(),
      context.catalogue().metrics.length,
      running?.map(({ id }) => id),
    ]);
    if (this.settled === wanted) {
      this.head.show(this.view, instrumentation, this.feed.error, false);
      return;
    }
    this.settled = undefined;
    const { start, end, step, newest } = spanOf(state, instrumentation, context.api.serverSeconds());
    this.feed.setStep(step);
    const shift = this.prepareOther(step);
    const reached = await Promise.all([
      this.feed.refresh(start, end, start),
      this.other?.refresh(start - shift, end - shift, start - shift),
    ]);
    if (reached[0]) {
      const view = viewOf(context.catalogue(), instrumentation, this.feed.history, start, end, step);
      try {
        await this.inTurn(() => this.draw(view, shift));
        const now = context.api.serverSeconds();
        const done =
          state.end !== undefined &&
          state.end <= newest &&
          this.feed.history.isSettled(start, end, now) &&
          this.other?.history.isSettled(start - shift, end - shift, now) !== false;
        if (done) this.settled = wanted;
      } catch (error) {
        // The values came and the picture did not: an aggregator that restarts, a service that is overloaded.
        if (!(error instanceof ApiError)) throw error;
        this.feed.error = error;
      }
    }
    this.head.show(this.view, instrumentation, this.feed.error, state.end === undefined);
  }

  /** What the link says stays true when the instrumentation is gone. */
  private describe(i: Instrumentation): void {
    const metric = `${i.module}.${i.stat}`;
    if (this.state.metric === metric) return;
    const { decomposition: by, predicate: where, granularity } = i;
    this.state = { ...this.state, metric, by, where, granularity };
    this.context.changed();
  }

  /** Seconds by which the other side of a comparison is older. */
  private prepareOther(step: number): number {
    const { versus, id } = this.state;
    if (versus === undefined) {
      this.other = undefined;
      return 0;
    }
    const otherId = versus.startsWith('#') ? versus.slice(1) : id;
    if (this.other?.id !== otherId) this.other = new Feed(this.context.api, otherId, step);
    this.other.setStep(step);
    return versus.startsWith('#') ? 0 : Math.ceil(Number(versus) / step) * step;
  }

  private async draw(view: View, shift: number): Promise<void> {
    const { state } = this;
    if (view.numeric === undefined) this.drawGraph(view);
    else await this.drawHeatmap(view, this.colours.choose(state, view.keys), shift);
    this.view = view;
    this.shift = shift;
    this.legend.element.hidden = view.discrete === undefined;
    if (view.discrete !== undefined) {
      this.legend.show({
        title: `${fieldLabel(this.context.catalogue(), view.discrete)}${view.isLevel ? ', mean' : ''}`,
        keys: view.keys,
        total: view.all.count,
        keysShown: state.mode === 'all' ? this.colours.keys : state.keys,
        mode: state.mode,
        colourOf: (key) => this.colours.cssOf(key, this.context.theme()),
        restColour: this.colours.restCss(this.context.theme()),
        format: (n) =>
          view.numeric !== undefined || view.metricType === undefined
            ? formatCount(n)
            : formatValue(n, view.metricType),
        short: (n) =>
          view.numeric !== undefined || view.metricType === undefined
            ? shortCount(n)
            : formatValue(n, view.metricType),
      });
    }
    const { instrumentation } = view;
    drawToolbar(
      this.toolbar,
      {
        state,
        window: view.end - view.start,
        granularity: instrumentation.granularity,
        retention: instrumentation['retention-time'],
        axis: view.numeric === undefined ? undefined : (this.axisKind ?? 'linear'),
        keyed: view.discrete !== undefined,
        others: comparableOf(this.context.catalogue(), this.context.running() ?? [], instrumentation),
      },
      {
        set: (change) => {
          this.set(change);
        },
        scroll: (columns) => {
          this.scroll(columns);
        },
        pause: () => {
          this.set({ end: view.end });
        },
        live: () => {
          this.set({ end: undefined });
        },
      },
    );
    this.cards.show(view);
    this.table.show({
      points: view.points,
      numeric: view.numeric !== undefined,
      keyed: view.discrete !== undefined,
      valueType: view.valueType,
      metricType: view.metricType,
      quantity: view.unit === '' ? 'total' : view.unit,
      caption: summaryOf(this.context.catalogue(), view),
    });
  }

  private async drawHeatmap(view: View, keys: readonly string[], shift: number): Promise<void> {
    const { state, context, other } = this;
    const { start, step, points, end } = view;
    const otherPoints = other?.history.window(start - shift, end - shift);
    const seen =
      otherPoints === undefined
        ? view.all
        : sum([view.all, ...otherPoints.filter((p) => p !== undefined).map((p) => p.all)]);
    const kind = state.axis ?? this.axisKind ?? suggestAxis(seen);
    // The first data decide, once: an axis that changes its kind by itself is a nuisance.
    if (state.axis !== undefined || seen.count > 0) this.axisKind = kind;
    // A held picture is the same for everybody who opens its address, whatever they looked at before.
    const axis = nextAxis(kind, seen, view.valueType, state.end === undefined ? this.axis : undefined);
    const wish: PictureWish = { view: state, keys, axis, start, step, points };
    const parts = await heatmapParts(
      context,
      state,
      view,
      wish,
      otherPoints === undefined ? undefined : { shift, points: otherPoints },
    );
    this.plots.showHeatmaps({
      all: view.all,
      parts,
      window: end - start,
      step,
      axis,
      type: view.valueType,
      percentiles: state.percentiles,
      pin: this.pinCell(axis, start, end, step),
      box: state.box,
    });
    // An axis made for nothing says nothing about the data to come.
    if (seen.count > 0) this.axis = axis;
  }

  private drawGraph(view: View): void {
    const { state } = this;
    this.plots.showGraph({
      start: view.start,
      end: view.end,
      step: view.step,
      points: view.points,
      series: seriesOf(state, view, this.colours, this.context.theme()),
      stacked: state.stacked && view.discrete !== undefined,
      type: view.metricType,
      quantity: quantityOf(view),
      label: summaryOf(this.context.catalogue(), view),
    });
  }

  pinCell(axis: ValueAxis | undefined, start: number, end: number, step: number): Cell | undefined {
    const { pin } = this.state;
    if (pin === undefined || axis === undefined) return undefined;
    const range = { start, end, step, rows: ROWS, axis };
    const { column, row } = placeOf(range, { time: pin.time, low: pin.value, high: pin.value });
    return { ...cellOf(range, column, row), time: Math.floor(pin.time / step) * step };
  }

  /** The cell under the pin, on the axis that is shown now. */
  pinned(view: View): Cell | undefined {
    const { pin } = this.state;
    if (pin === undefined) return undefined;
    if (view.numeric === undefined)
      return { time: Math.floor(pin.time / view.step) * view.step, low: 0, high: 0 };
    return this.pinCell(this.axis, view.start, view.end, view.step);
  }

  scroll(columns: number): void {
    const { view } = this;
    if (view === undefined) return;
    const now = this.context.api.serverSeconds();
    this.set({
      end: scrolled(this.state.end, columns, view, view.instrumentation['retention-time'], now),
    });
  }
}
