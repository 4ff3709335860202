/*
 * The plots of a panel: one heatmap, three when comparing, or a graph. In: what to show. Out: drawings, all of one moment,
 * and one set of events whichever plot they come from.
 */
import type { TypeInfo } from '../model/answers.ts';
import type { Cell } from '../model/cell-facts.ts';
import { h } from '../ui/dom.ts';
import { GraphView, type GraphEvents, type GraphScene } from '../plot/graph-view.ts';
import { HeatmapView, type HeatmapEvents } from '../plot/heatmap-view.ts';
import type { Point } from '../model/history.ts';
import type { Picture } from '../plot/paint.ts';
import type { Slice } from '../model/slice.ts';
import type { Box } from '../model/special.ts';
import type { ValueAxis } from '../plot/value-axis.ts';
import { ROWS } from '../model/heatmap-query.ts';

export interface HeatmapPart {
  readonly title: string;
  readonly picture: Picture;
  readonly start: number;
  readonly points: readonly (Point | undefined)[];
  readonly label: string;
}

export interface HeatmapShow {
  /** Sum over the first part's points: only beside it there is room for what it says. */
  readonly all: Slice;
  readonly parts: readonly HeatmapPart[];
  readonly window: number;
  readonly step: number;
  readonly axis: ValueAxis;
  readonly type: TypeInfo | undefined;
  readonly percentiles: boolean;
  readonly pin: Cell | undefined;
  readonly box: Box | undefined;
}

export interface PlotEvents extends GraphEvents {
  readonly heatmap: HeatmapEvents;
}

export class PanelPlots {
  readonly element = h('div', { class: 'plots' });
  private heatmaps: HeatmapView[] = [];
  private graph: GraphView | undefined;
  private offsets: readonly number[] = [];
  private readonly events: PlotEvents;

  constructor(events: PlotEvents) {
    this.events = events;
  }

  showHeatmaps(show: HeatmapShow): void {
    this.graph = undefined;
    if (this.heatmaps.length !== show.parts.length) {
      const one = show.parts.length === 1;
      this.heatmaps = show.parts.map((_, i) => new HeatmapView(this.eventsOf(i), one));
      this.element.classList.toggle('compared', !one);
      this.element.replaceChildren(
        ...this.heatmaps.map((view) => h('figure', {}, h('figcaption', {}), view.element)),
      );
    }
    // Plots of other times share the cursor by its distance from their start.
    this.offsets = show.parts.map(({ start }) => start - (show.parts[0]?.start ?? start));
    show.parts.forEach((part, i) => {
      const caption = this.element.children[i]?.firstElementChild;
      if (caption instanceof HTMLElement) {
        caption.textContent = part.title;
        caption.hidden = part.title === '';
      }
      this.heatmaps[i]?.draw({
        start: part.start,
        end: part.start + show.window,
        step: show.step,
        rows: ROWS,
        axis: show.axis,
        points: part.points,
        all: show.all,
        picture: part.picture,
        type: show.type,
        percentiles: show.percentiles,
        pin: i === 0 ? show.pin : undefined,
        box: i === 0 ? show.box : undefined,
        label: part.label,
      });
    });
  }

  showGraph(show: GraphScene): void {
    this.heatmaps = [];
    if (this.graph === undefined) {
      this.graph = new GraphView(this.events);
      this.element.classList.remove('compared');
      this.element.replaceChildren(h('figure', {}, this.graph.element));
    }
    this.graph.draw(show);
  }

  showTime(time: number | undefined): void {
    this.graph?.showTime(time);
    this.heatmaps.forEach((view, i) => {
      view.showTime(time === undefined ? undefined : time + (this.offsets[i] ?? 0));
    });
  }

  /** The plot to save as a picture: the first heatmap, or the graph. */
  plot(): HTMLElement | undefined {
    return this.heatmaps[0]?.element ?? this.graph?.element;
  }

  private eventsOf(index: number): HeatmapEvents {
    const { heatmap } = this.events;
    const back = (time: number): number => time - (this.offsets[index] ?? 0);
    // A selection in another plot means the same place of the first: that is the one that is asked about.
    return {
      ...heatmap,
      hover: (cell, x, y, byKeyboard) => {
        heatmap.hover(cell === undefined ? undefined : { ...cell, time: back(cell.time) }, x, y, byKeyboard);
      },
      pin: (cell) => {
        heatmap.pin({ ...cell, time: back(cell.time) });
      },
      box: (box) => {
        heatmap.box({ ...box, start: back(box.start), end: back(box.end) });
      },
    };
  }
}
