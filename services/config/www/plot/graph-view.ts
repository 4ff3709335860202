/*
 * Lines, or stacked areas by key, with uPlot. In: a window of points and the keys to show. Out: a drawing, and the second
 * under the cursor. Incomplete seconds are hatched in the same way as under a heatmap.
 */
import uPlot from 'uplot';
import type { TypeInfo } from '../model/answers.ts';
import type { Seconds } from '../model/box-predicate.ts';
import { h, setAttributes } from '../ui/dom.ts';
import { isIncomplete, wasAsked, type Point } from '../model/values/history.ts';
import { linearTicks } from '../model/units.ts';
import { timeTicks } from './time-axis.ts';

export interface Series {
  readonly name: string;
  readonly colour: string;
  /** Tells it from another one of the same colour: lines are dashed the shorter the greater it is. */
  readonly mark?: number;
  readonly valueOf: (point: Point) => number;
}

export interface GraphScene {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly points: readonly (Point | undefined)[];
  readonly series: readonly Series[];
  readonly stacked: boolean;
  readonly type: TypeInfo | undefined;
  /** What the vertical axis counts: "operations per second". */
  readonly quantity: string;
  readonly label: string;
  /** When a box begins and ends, of this graph or of another picture of the board. */
  readonly boxTime: Seconds | undefined;
}

export interface GraphEvents {
  hover(time: number | undefined, x: number, y: number): void;
  pin(time: number): void;
  box(start: number, end: number): void;
}

const NOTHING: GraphScene = {
  start: 0,
  end: 1,
  step: 1,
  points: [],
  series: [],
  stacked: false,
  type: undefined,
  quantity: '',
  label: '',
  boxTime: undefined,
};

export class GraphView {
  readonly element: HTMLElement;
  private plot: uPlot | undefined;
  private scene: GraphScene | undefined;
  private shape = '';
  private readonly events: GraphEvents;

  constructor(events: GraphEvents) {
    this.events = events;
    this.element = h('div', {
      class: 'graph',
      attrs: { tabindex: 0, role: 'img', 'data-focus': 'plot' },
    });
    new ResizeObserver(() => {
      this.rebuild();
    }).observe(this.element);
  }

  draw(scene: GraphScene): void {
    this.scene = scene;
    setAttributes(this.element, {
      'aria-label': scene.label,
      'data-start': scene.start,
      'data-end': scene.end,
    });
    const shape = JSON.stringify([
      scene.series.map(({ name, colour, mark = 0 }) => [name, colour, mark]),
      scene.stacked,
      scene.quantity,
    ]);
    if (shape !== this.shape || this.plot === undefined) {
      this.shape = shape;
      this.rebuild();
    } else this.plot.setData(dataOf(scene), true);
  }

  showTime(time: number | undefined): void {
    const { plot, scene } = this;
    if (plot === undefined || scene === undefined || this.element.matches(':hover')) return;
    const left = time === undefined ? -10 : plot.valToPos(time + scene.step / 2, 'x');
    plot.setCursor({ left, top: time === undefined ? -10 : 10 }, false);
  }

  private rebuild(): void {
    const { scene, element } = this;
    const { width, height } = element.getBoundingClientRect();
    if (scene === undefined || width === 0) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.options(width, height), dataOf(scene), element);
  }

  private options(width: number, height: number): uPlot.Options {
    const style = getComputedStyle(this.element);
    const em = parseFloat(style.fontSize);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const font = `${0.8 * em}px ${style.fontFamily}`;
    const axis = {
      stroke: colour('--muted'),
      font,
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    const scene = (): GraphScene => this.scene ?? NOTHING;
    const stacked = scene().stacked;
    return {
      width,
      height,
      legend: { show: false },
      padding: [0.7 * em, 0.5 * em, 0, 0],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { show: false },
        bind: { dblclick: () => null },
      },
      scales: {
        x: { time: false, range: () => [scene().start, scene().end] },
        y: { range: (_u, _min, max) => [0, Math.max(scene().type?.minmax ?? 0, max > 0 ? max * 1.08 : 1)] },
      },
      axes: [
        {
          ...axis,
          size: 2.4 * em,
          splits: () => timeTicks(scene().start, scene().end, width / (6.5 * em)).map((t) => t.value),
          values: (_u, splits) => {
            const ticks = timeTicks(scene().start, scene().end, width / (6.5 * em));
            return splits.map((v) => ticks.find((t) => t.value === v)?.label ?? '');
          },
        },
        {
          ...axis,
          size: 4.6 * em,
          label: scene().quantity,
          labelSize: 1.4 * em,
          labelGap: 0,
          labelFont: font,
          splits: (_u, _i, min, max) =>
            linearTicks(min, max, height / (3 * em), scene().type).map((t) => t.value),
          values: (u, splits) => {
            const ticks = linearTicks(0, u.scales['y']?.max ?? 1, height / (3 * em), scene().type);
            return splits.map((v) => ticks.find((t) => t.value === v)?.label ?? '');
          },
        },
      ],
      series: [
        {},
        ...(scene().series.map((series) => ({
          label: series.name,
          stroke: series.colour,
          ...(series.mark === undefined ? {} : { dash: [12 / series.mark, 4] }),
          width: stacked ? 1 : 1.6,
          ...(stacked ? { fill: series.colour } : {}),
          points: { show: false },
          paths: uPlot.paths.stepped?.({ align: 1 }) ?? null,
        })) as uPlot.Series[]),
      ],
      bands: stacked
        ? scene()
            .series.slice(1)
            .map((_, i) => ({ series: [i + 1, i + 2] as [number, number] }))
        : [],
      hooks: {
        drawClear: [
          (u) => {
            drawIncomplete(u, scene(), colour('--warn-veil'));
          },
        ],
        draw: [
          (u) => {
            drawBox(u, scene(), colour('--accent'));
          },
        ],
        setCursor: [
          (u) => {
            if (!this.element.matches(':hover')) return;
            const { left = -1, top = -1 } = u.cursor;
            if (left < 0) {
              this.events.hover(undefined, 0, 0);
              return;
            }
            const box = u.over.getBoundingClientRect();
            this.events.hover(this.slotAt(u, left), box.left + left, box.top + top);
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return;
            const { step } = scene();
            this.events.box(
              this.slotAt(u, u.select.left),
              this.slotAt(u, u.select.left + u.select.width) + step,
            );
            // The box moves on with the picture; the click that ends the drag still has to know of it.
            setTimeout(() => {
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            });
          },
        ],
        ready: [
          (u) => {
            u.over.addEventListener('click', () => {
              const { left = -1 } = u.cursor;
              if (left >= 0 && u.select.width < 4) this.events.pin(this.slotAt(u, left));
            });
          },
        ],
      },
    };
  }

  private slotAt(u: uPlot, left: number): number {
    const { start, end, step } = this.scene ?? NOTHING;
    const time = Math.min(end - step, Math.max(start, u.posToVal(left, 'x')));
    return start + Math.floor((time - start) / step) * step;
  }
}

/** Stacked series are given from the top of the stack down: uPlot fills the band between neighbours. */
function dataOf(scene: GraphScene): uPlot.AlignedData {
  const times = [...scene.points.map((_, i) => scene.start + i * scene.step), scene.end];
  const rows = scene.series.map(({ valueOf }) =>
    scene.points.map((p) => (p === undefined || !wasAsked(p) ? null : valueOf(p))),
  );
  if (scene.stacked) {
    for (let i = rows.length - 2; i >= 0; i--) {
      rows[i] = (rows[i] ?? []).map((n, column) => (n === null ? null : n + (rows[i + 1]?.[column] ?? 0)));
    }
  }
  // A step needs its right edge: the last value goes on to the end of its slot.
  return [times, ...rows.map((row) => [...row, row.at(-1) ?? null])] as uPlot.AlignedData;
}

function drawIncomplete(u: uPlot, scene: GraphScene, colour: string): void {
  u.ctx.save();
  u.ctx.fillStyle = colour;
  scene.points.forEach((point, i) => {
    if (point === undefined || !isIncomplete(point)) return;
    const x = u.valToPos(scene.start + i * scene.step, 'x', true);
    const right = u.valToPos(scene.start + (i + 1) * scene.step, 'x', true);
    u.ctx.fillRect(x, u.bbox.top, right - x, u.bbox.height);
  });
  u.ctx.restore();
}

function drawBox(u: uPlot, { start, end, boxTime }: GraphScene, colour: string): void {
  if (boxTime === undefined || boxTime.end <= start || boxTime.start >= end) return;
  const { ctx, bbox } = u;
  const x = u.valToPos(Math.max(boxTime.start, start), 'x', true);
  const width = u.valToPos(Math.min(boxTime.end, end), 'x', true) - x;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.strokeRect(x, bbox.top, width, bbox.height);
  ctx.globalAlpha = 0.12;
  ctx.fillRect(x, bbox.top, width, bbox.height);
  ctx.restore();
}
