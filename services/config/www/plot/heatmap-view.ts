/*
 * A heatmap on the screen: picture, axes, grid, percentile lines, marks of incomplete seconds, cursor, pin and box.
 * In: a scene, drawn whole, so that picture and axes move in one step. Out: what the pointer or the keyboard points at.
 */
import type { Cell } from '../model/cell-facts.ts';
import { h, s, setAttributes } from '../ui/dom.ts';
import {
  boxRect,
  drawAxes,
  drawIncomplete,
  drawMarginal,
  drawPercentiles,
  drawSelection,
  type Scene,
} from './heatmap-marks.ts';
import {
  boxOf,
  cellAt,
  cellOf,
  columnsOf,
  placeOf,
  wholeColumns,
  xOf,
  yOf,
  type Frame,
} from './plot-frame.ts';
import type { Box } from '../model/box-predicate.ts';

export interface HeatmapEvents {
  hover(cell: Cell | undefined, x: number, y: number, byKeyboard: boolean): void;
  pin(cell: Cell): void;
  box(box: Box): void;
  clear(): void;
  scroll(columns: number): void;
}

/** A press that moves less than this is a click. */
const CLICK_PIXELS = 4;

export class HeatmapView {
  readonly element: HTMLElement;
  private readonly canvas = h('canvas', { class: 'cells', attrs: { 'aria-hidden': 'true' } });
  private readonly svg = s('svg', { class: 'overlay', 'aria-hidden': 'true' });
  private readonly axes = s('g');
  private readonly cursor = s('g');
  private readonly events: HeatmapEvents;
  private scene: Scene | undefined;
  private frame: Frame = { left: 0, top: 0, width: 1, height: 1 };
  private at: Cell | undefined;
  /** As of the last change: asking for it each second would have the browser lay out the page each time. */
  private size = { width: 0, height: 0, em: 16 };
  private roomBeside = false;
  /** Counts by row of the second under the cursor, once they are known. */
  private column: { readonly time: number; readonly counts: readonly number[] } | undefined;
  private dragFrom: { cell: Cell; x: number; y: number } | undefined;
  private anchor: Cell | undefined;
  /** Where the pointer rests: when the picture moves on, another cell is under it. */
  private pointer: { x: number; y: number } | undefined;

  constructor(events: HeatmapEvents, marginal: boolean) {
    this.events = events;
    this.svg.append(this.axes, this.cursor);
    this.element = h(
      'div',
      {
        class: marginal ? 'plot' : 'plot bare',
        attrs: { tabindex: 0, role: 'application', 'aria-roledescription': 'heatmap', 'data-focus': 'plot' },
      },
      this.canvas,
      this.svg,
    );
    new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      const em = parseFloat(getComputedStyle(this.element).fontSize);
      this.size = { width, height, em };
      this.redraw();
    }).observe(this.element);
    this.listen();
  }

  draw(scene: Scene): void {
    const { picture } = scene;
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
    }
    this.canvas.getContext('2d')?.drawImage(picture, 0, 0);
    this.scene = scene;
    this.column = undefined;
    setAttributes(this.element, {
      'aria-label': scene.label,
      'data-start': scene.start,
      'data-end': scene.end,
    });
    this.redraw();
    if (this.pointer === undefined || this.dragFrom !== undefined) return;
    const { x, y } = this.pointer;
    const box = this.element.getBoundingClientRect();
    this.point(cellAt(this.frame, scene, x - box.left, y - box.top), x, y, false);
  }

  /** Another plot points at this time. */
  showTime(time: number | undefined): void {
    if (this.at === undefined) this.drawCursor(time);
  }

  /** How the events of a second spread over the rows. */
  showColumn(time: number, counts: readonly number[]): void {
    this.column = { time, counts };
    this.drawCursor(this.at?.time);
  }

  private redraw(): void {
    const { scene } = this;
    const { width, height, em } = this.size;
    if (scene === undefined || width === 0) return;
    const marginal = this.element.classList.contains('bare') || width < 26 * em ? 0.5 * em : 5 * em;
    const left = 4.6 * em;
    this.roomBeside = marginal > em;
    const room = { left, top: 0.7 * em, width: width - left - marginal, height: height - 3.1 * em };
    const frame = wholeColumns(room, columnsOf(scene), devicePixelRatio);
    this.frame = frame;
    setAttributes(this.svg, { viewBox: `0 0 ${width} ${height}` });
    Object.assign(this.canvas.style, {
      left: `${frame.left}px`,
      top: `${frame.top}px`,
      width: `${frame.width}px`,
      height: `${frame.height}px`,
    });
    this.axes.replaceChildren(
      ...drawAxes(scene, frame, em),
      ...drawPercentiles(scene, frame, em),
      ...drawIncomplete(scene, frame, em),
      ...drawSelection(scene, frame),
    );
    this.drawCursor(this.at?.time);
  }

  private drawCursor(time: number | undefined): void {
    const { scene, frame } = this;
    if (scene === undefined) return;
    const parts: SVGElement[] = [];
    const { em } = this.size;
    const shown = this.at;
    if (time !== undefined && time >= scene.start && time < scene.end) {
      const width = frame.width / columnsOf(scene);
      const x = xOf(frame, scene, time);
      parts.push(s('rect', { class: 'cursor', x, y: frame.top, width, height: frame.height }));
      if (shown !== undefined) {
        const y = yOf(frame, scene, shown.high);
        const height = yOf(frame, scene, shown.low) - y;
        parts.push(s('rect', { class: 'cursor', x: frame.left, y, width: frame.width, height }));
        parts.push(s('rect', { class: 'cursor-cell', x, y, width, height }));
      }
    }
    const from = this.dragFrom?.cell ?? this.anchor;
    if (from !== undefined && shown !== undefined) {
      parts.push(boxRect(scene, frame, boxOf(from, shown, scene.step), 'box dragging'));
    }
    if (this.roomBeside) {
      const own = time !== undefined && this.column?.time === time ? this.column.counts : undefined;
      parts.push(...drawMarginal(scene, frame, em, own ?? scene.rowCounts, own !== undefined));
    }
    this.cursor.replaceChildren(...parts);
  }

  private listen(): void {
    const { element } = this;
    const cellOfEvent = (event: PointerEvent): Cell | undefined => {
      if (this.scene === undefined) return undefined;
      const box = element.getBoundingClientRect();
      return cellAt(this.frame, this.scene, event.clientX - box.left, event.clientY - box.top);
    };
    const inside = (event: PointerEvent): boolean => {
      const box = element.getBoundingClientRect();
      const x = event.clientX - box.left - this.frame.left;
      const y = event.clientY - box.top - this.frame.top;
      return x >= 0 && y >= 0 && x < this.frame.width && y < this.frame.height;
    };
    element.addEventListener('pointermove', (event) => {
      if (this.dragFrom === undefined && !inside(event)) {
        this.leave();
        return;
      }
      this.pointer = { x: event.clientX, y: event.clientY };
      this.point(cellOfEvent(event), event.clientX, event.clientY, false);
    });
    element.addEventListener('pointerleave', () => {
      if (this.dragFrom === undefined) this.leave();
    });
    element.addEventListener('pointerdown', (event) => {
      const cell = cellOfEvent(event);
      if (cell === undefined || event.button !== 0 || !inside(event)) return;
      element.setPointerCapture(event.pointerId);
      this.anchor = undefined;
      this.dragFrom = { cell, x: event.clientX, y: event.clientY };
      this.point(cell, event.clientX, event.clientY, false);
    });
    element.addEventListener('pointerup', (event) => {
      const from = this.dragFrom;
      this.dragFrom = undefined;
      const cell = cellOfEvent(event);
      if (from === undefined || cell === undefined || this.scene === undefined) return;
      const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y);
      if (moved < CLICK_PIXELS) this.events.pin(cell);
      else this.events.box(boxOf(from.cell, cell, this.scene.step));
    });
    element.addEventListener('pointercancel', () => {
      this.dragFrom = undefined;
      this.leave();
    });
    element.addEventListener(
      'wheel',
      (event) => {
        const by = event.shiftKey ? event.deltaY : event.deltaX;
        if (by === 0 || Math.abs(by) < Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
        event.preventDefault();
        this.events.scroll(Math.sign(by) * Math.max(1, Math.round(Math.abs(by) / 20)));
      },
      { passive: false },
    );
    element.addEventListener('keydown', (event) => {
      this.key(event);
    });
    element.addEventListener('blur', () => {
      this.anchor = undefined;
      this.leave();
    });
  }

  /** Arrows move, with Shift they draw a box, Enter pins or takes the box, Escape clears. */
  private key(event: KeyboardEvent): void {
    const { scene } = this;
    if (scene === undefined || event.target !== this.element) return;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
      PageUp: [0, 10],
      PageDown: [0, -10],
      Home: [-1e6, 0],
      End: [1e6, 0],
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      const start =
        this.at ?? scene.pin ?? cellOf(scene, columnsOf(scene) - 1, Math.floor(scene.axis.rows / 4));
      if (event.shiftKey) this.anchor ??= start;
      else this.anchor = undefined;
      const { column, row } = placeOf(scene, start);
      const columns = Math.min(columnsOf(scene) - 1, Math.max(0, column + move[0]));
      const rows = Math.min(scene.axis.rows - 1, Math.max(0, row + move[1]));
      const cell = cellOf(scene, columns, rows);
      const box = this.element.getBoundingClientRect();
      const x = box.left + xOf(this.frame, scene, cell.time);
      this.point(cell, x, box.top + yOf(this.frame, scene, cell.low), true);
    } else if (event.key === 'Enter' && this.at !== undefined) {
      event.preventDefault();
      if (this.anchor === undefined) this.events.pin(this.at);
      else this.events.box(boxOf(this.anchor, this.at, scene.step));
      this.anchor = undefined;
    } else if (event.key === 'Escape') {
      this.anchor = undefined;
      this.leave();
      this.events.clear();
    }
  }

  private point(cell: Cell | undefined, x: number, y: number, byKeyboard: boolean): void {
    this.at = cell;
    this.drawCursor(cell?.time);
    this.events.hover(cell, x, y, byKeyboard);
  }

  private leave(): void {
    this.pointer = undefined;
    if (this.at === undefined) return;
    this.point(undefined, 0, 0, false);
  }
}
