/*
 * The plots of a panel: one heatmap, three when comparing, or a graph. In: what to show. Out: drawings, all of one moment,
 * and one set of events whichever plot they come from.
 */
import type { LineAnswer } from '../../../../common/api/heatmap.ts';
import type { ValueAxis } from '../../../../common/model/axis.ts';
import type { TypeName } from '../../../../common/model/field.ts';
import type { TypeInfo } from '../model/answers.ts';
import type { Box, Seconds } from '../model/box-predicate.ts';
import type { Cell } from '../model/cell-facts.ts';
import type { SlotStanding } from '../model/completeness.ts';
import { h, refill } from '../ui/dom.ts';
import { GraphView, type GraphEvents, type GraphScene } from '../plot/graph-view.ts';
import { HeatmapView, type HeatmapEvents } from '../plot/heatmap-view.ts';

export interface HeatmapPart {
  readonly title: string;
  readonly picture: HTMLImageElement;
  readonly start: number;
  readonly slots: readonly (SlotStanding | undefined)[];
  readonly lines: readonly LineAnswer[];
  readonly rowCounts: readonly number[];
  /** What is not in the picture, in words. */
  readonly outside: string;
  readonly label: string;
}

export interface HeatmapShow {
  readonly parts: readonly HeatmapPart[];
  readonly window: number;
  readonly step: number;
  readonly axis: ValueAxis;
  readonly type: TypeInfo | undefined;
  readonly typeName: TypeName;
  readonly percentiles: boolean;
  readonly pin: Cell | undefined;
  readonly box: Box | undefined;
  readonly boxElsewhere: Seconds | undefined;
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
        refill(caption, `${part.title}|${part.outside}`, () => [
          part.title,
          part.outside !== '' && h('small', { class: 'muted' }, part.outside),
        ]);
        caption.hidden = part.title === '' && part.outside === '';
      }
      this.heatmaps[i]?.draw({
        start: part.start,
        end: part.start + show.window,
        step: show.step,
        axis: show.axis,
        slots: part.slots,
        rowCounts: part.rowCounts,
        lines: show.percentiles ? part.lines : [],
        picture: part.picture,
        type: show.type,
        typeName: show.typeName,
        pin: i === 0 ? show.pin : undefined,
        box: i === 0 ? show.box : undefined,
        boxElsewhere: i === 0 ? show.boxElsewhere : undefined,
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

  /** How the events of a second spread over the rows: beside the picture that it is in. */
  showColumn(time: number, counts: readonly number[]): void {
    this.heatmaps[0]?.showColumn(time, counts);
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
