/*
 * A panel: one instrumentation on the screen, second by second. In: its state (url-state.ts) and a tick each second.
 * Out: plots, legend, cards; changes of its state, told to the page. Drawing starts only when all its data is there.
 */
import type { Scale, ValueAxis } from '../../../../common/model/axis.ts';
import type { Instrumentation } from '../model/answers.ts';
import type { Cell, CellFacts } from '../model/cell-facts.ts';
import type { Context } from '../ui/context.ts';
import { DataTable } from './data-table.ts';
import { h } from '../ui/dom.ts';
import { Debounced } from '../ui/debounced.ts';
import { detailsQuery } from '../model/values/heatmap-query.ts';
import { Legend } from './keys/legend.ts';
import { PanelCards } from './panel-cards.ts';
import { plotEvents } from './panel-events.ts';
import { heatmapParts } from './panel-heatmap.ts';
import { PanelCaption } from './panel-caption.ts';
import { PanelData } from './panel-data.ts';
import { PanelHead } from './head/panel-head.ts';
import type { PanelHost } from './panel-host.ts';
import { LineKeys, seriesOf } from './keys/panel-keys.ts';
import { colouredKeys, legendData } from './keys/panel-legend.ts';
import { PanelPlots } from './panel-plots.ts';
import { showToolbar } from './panel-toolbar.ts';
import { PanelTrail } from './head/panel-trail.ts';
import { scrolled, spanOf } from './panel-window.ts';
import { cellOf, placeOf } from '../plot/plot-frame.ts';
import { breakdownOf } from '../model/question.ts';
import type { PanelState } from '../model/url-state.ts';
import { zoneNow } from '../model/zone.ts';
import { quantityOf, summaryOf, type View } from '../model/view.ts';

/** What changes how known values look; of a heatmap everything else is the service's to draw. */
const LOOKS = new Set(['percentiles', 'stacked', 'pin', 'box', 'size']);
/** The newest second is complete when every node expected has reported; longer than this nobody waits. */
const WAIT_MS = 900;
/** Somebody who types has not finished yet. */
const TYPING_MS = 250;

export class Panel implements PanelHost {
  state: PanelState;
  readonly element = h('section', { class: 'panel' });
  private readonly context: Context;
  private readonly head: PanelHead;
  private readonly toolbar = h('div', { class: 'toolbar' });
  private readonly plots: PanelPlots;
  private readonly keyList: Legend;
  private readonly caption: PanelCaption;
  private readonly trail: PanelTrail;
  private readonly cards: PanelCards;
  private readonly table: DataTable;
  private readonly lines = new LineKeys();
  private readonly typing = new Debounced(TYPING_MS);
  /** Everything that is fetched for it. */
  readonly data: PanelData;
  /** That is shown; and the one that the next live picture keeps. */
  private axis: ValueAxis | undefined;
  private kept: ValueAxis | undefined;
  private scale: Scale | undefined;
  private view: View | undefined;
  private round: Promise<void> | undefined;
  private again = false;
  /** What was drawn last, if time alone cannot change it: a held picture asks for nothing more. */
  private settled: string | undefined;
  private drawing: Promise<void> = Promise.resolve();
  /** Somebody has come, or has changed something: an answer at once is better than a complete one. */
  private hurried = true;

  constructor(context: Context, state: PanelState) {
    this.context = context;
    this.state = state;
    this.data = new PanelData(context, state.id);
    this.table = new DataTable(context.api);
    this.head = new PanelHead(context, this);
    this.keyList = new Legend(
      (change) => {
        this.set(change);
      },
      () => {
        if ((this.view?.omitted ?? 0) > 0 || this.keyList.searched === '')
          this.typing.later(() => this.hurry());
      },
    );
    this.cards = new PanelCards(context, this);
    this.plots = new PanelPlots(plotEvents(context, this, this.cards));
    this.caption = new PanelCaption((zone) => {
      context.setZone(zone);
    });
    this.trail = new PanelTrail(context, this, () => {
      void this.head.saveReport();
    });
    this.element.dataset['size'] = state.size;
    this.element.append(
      this.head.element,
      this.trail.element,
      this.toolbar,
      h(
        'div',
        { class: 'panel-body' },
        h('div', {}, this.plots.element, this.caption.element),
        this.keyList.element,
      ),
      this.cards.element,
      this.table.element,
    );
  }

  /** `alone`: the change came from another panel, and goes no further. */
  set(change: Partial<PanelState>, alone = false): void {
    this.state = { ...this.state, ...change };
    this.element.dataset['size'] = this.state.size;
    if (!alone) this.context.spread(this.state.id, change);
    this.context.changed();
    // A click is answered from what is known; the newest second may be half a second away.
    if (this.view?.numeric === undefined || Object.keys(change).every((name) => LOOKS.has(name)))
      void this.drawKnown();
    void this.hurry();
  }

  /** As soon as it can be had: nobody waits for the last node's report. */
  async hurry(): Promise<void> {
    this.hurried = true;
    this.data.abandon();
    await this.tick();
  }

  /** One drawing after the other, each of what is known when its turn comes: none can bring back an older second. */
  private inTurn(draw: () => Promise<void>): Promise<void> {
    const turn = this.drawing.then(draw);
    this.drawing = turn.catch(() => undefined);
    return turn;
  }

  async drawKnown(): Promise<void> {
    try {
      await this.inTurn(async () => {
        if (this.view !== undefined) await this.draw(this.view);
      });
    } catch {
      // The tick that follows tells what is wrong.
    }
  }

  /** Once a second, and after each change; over when all that was wanted meanwhile is drawn. Never two at a time. */
  tick(): Promise<void> {
    this.again = true;
    this.round ??= this.rounds();
    return this.round;
  }

  private async rounds(): Promise<void> {
    try {
      while (this.again) {
        this.again = false;
        await this.refresh();
      }
    } finally {
      this.round = undefined;
    }
  }

  /** At once, from what is known: for paper the list of keys is whole. */
  drawKeys(): void {
    const { view } = this;
    if (view?.discrete !== undefined)
      this.keyList.show(legendData(this.context, this.state, view, view.discrete, this.lines.keys));
  }

  showTime(time: number | undefined): void {
    this.plots.showTime(time);
  }

  plot(): HTMLElement | undefined {
    return this.plots.plot();
  }

  /** Keys that have a colour, for a picture that is taken away. */
  legend(): readonly (readonly [string, string])[] {
    return colouredKeys(this.context, this.view, this.lines.keys);
  }

  current(): View | undefined {
    return this.view;
  }

  knownFacts(cell: Cell, keys: number): CellFacts | undefined {
    const query = this.factsQuery(cell, keys);
    return query === undefined ? undefined : this.data.knownFacts(query)?.facts;
  }

  /** What is behind a cell; undefined: it cannot be had now. */
  async factsAt(cell: Cell, keys: number): Promise<CellFacts | undefined> {
    const query = this.factsQuery(cell, keys);
    const found = query === undefined ? undefined : await this.data.facts(query);
    if (found === undefined) return undefined;
    this.plots.showColumn(cell.time, found.rows);
    return found.facts;
  }

  private factsQuery(cell: Cell, keys: number): URLSearchParams | undefined {
    const { view, axis } = this;
    if (view?.numeric === undefined || axis === undefined) return undefined;
    return detailsQuery(cell, axis, view.step, keys);
  }

  stop(): void {
    this.data.abandon();
    this.typing.cancel();
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
      this.keyList.searched,
      context.theme(),
      zoneNow(),
      context.catalogue().metrics.length,
      running?.map(({ id }) => id),
      context.boxElsewhere(state.id) ?? 0,
    ]);
    const isHeatmap = breakdownOf(context.catalogue(), instrumentation.decomposition).numeric !== undefined;
    if (this.settled === wanted) {
      this.head.show(this.view, instrumentation, this.data.errorOf(isHeatmap), false);
      return;
    }
    this.settled = undefined;
    const span = spanOf(state, instrumentation, context.api.serverSeconds());
    const waitMs = this.hurried || state.end !== undefined ? 0 : WAIT_MS;
    this.hurried = false;
    const fetched = isHeatmap
      ? this.data.heatmap(instrumentation, {
          ...span,
          state,
          scale: state.axis ?? this.scale ?? 'auto',
          axis: this.kept,
          theme: context.theme(),
          search: this.keyList.searched,
          waitMs,
        })
      : this.data.graph(instrumentation, span);
    const view = await (waitMs === 0 ? fetched : context.together.with(fetched));
    if (view !== undefined) {
      await this.inTurn(() => this.draw(view));
      if (state.end !== undefined && state.end <= span.newest && this.data.isFinal(view))
        this.settled = wanted;
    }
    this.head.show(this.view, instrumentation, this.data.errorOf(isHeatmap), state.end === undefined);
  }

  /** What the link says stays true when the instrumentation is gone. */
  private describe(i: Instrumentation): void {
    const metric = `${i.module}.${i.stat}`;
    if (this.state.metric === metric) return;
    const { decomposition: by, predicate: where, granularity } = i;
    this.state = { ...this.state, metric, by, where, granularity };
    this.context.changed();
  }

  private async draw(view: View): Promise<void> {
    if (view.heat === undefined) this.drawGraph(view);
    else await this.drawHeatmap(view, view.heat);
    this.view = view;
    this.keyList.element.hidden = view.discrete === undefined;
    this.drawKeys();
    showToolbar(this.toolbar, this.context, this, view);
    this.cards.show(view);
    this.caption.show(view);
    this.trail.show();
    this.table.show(view, summaryOf(this.context.catalogue(), view));
  }

  private async drawHeatmap(view: View, answer: NonNullable<View['heat']>): Promise<void> {
    const { state, context } = this;
    const { axis } = answer;
    const parts = await heatmapParts(context, state, view, answer);
    const isSeen = (answer.count ?? 0) + (answer.versus?.count ?? 0) > 0;
    // The first data decide, once: an axis that changes its scale by itself is a nuisance.
    if (state.axis !== undefined || isSeen) this.scale = axis.scale;
    this.plots.showHeatmaps({
      parts,
      window: view.end - view.start,
      step: view.step,
      axis,
      type: view.valueType,
      typeName: view.valueTypeName,
      percentiles: state.percentiles,
      pin: this.pinCell(axis, view),
      box: state.box,
      boxElsewhere: context.boxElsewhere(state.id),
    });
    // An axis made for nothing says nothing about the data to come.
    this.axis = axis;
    this.kept = isSeen ? axis : this.kept;
  }

  private drawGraph(view: View): void {
    const { state } = this;
    this.plots.showGraph({
      start: view.start,
      end: view.end,
      step: view.step,
      points: view.points,
      series: seriesOf(state, view, this.lines, this.context.theme()),
      stacked: state.stacked && view.discrete !== undefined,
      type: view.metricType,
      quantity: quantityOf(view),
      label: summaryOf(this.context.catalogue(), view),
      boxTime: state.box ?? this.context.boxElsewhere(state.id),
    });
  }

  private pinCell(axis: ValueAxis | undefined, { start, end, step }: View): Cell | undefined {
    const { pin } = this.state;
    if (pin === undefined || axis === undefined) return undefined;
    const range = { start, end, step, axis };
    const { column, row } = placeOf(range, { time: pin.time, low: pin.value, high: pin.value });
    return { ...cellOf(range, column, row), time: Math.floor(pin.time / step) * step };
  }

  /** The cell under the pin, on the axis that is shown now. */
  pinned(view: View): Cell | undefined {
    const { pin } = this.state;
    if (pin === undefined) return undefined;
    if (view.numeric === undefined)
      return { time: Math.floor(pin.time / view.step) * view.step, low: 0, high: 0 };
    return this.pinCell(this.axis, view);
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
