/*
 * The cards of a panel: what floats at the cursor, what is pinned, what is special in the box. In: the panel's view and
 * state. Out: elements; and questions asked from a box, placed beside.
 */
import type { Cell } from '../model/cell-facts.ts';
import { factsOfPoint, type CellFacts } from '../model/cell-facts.ts';
import type { Context } from '../ui/context.ts';
import { h, refill } from '../ui/dom.ts';
import { hoverCard, KEYS_HOVERED, KEYS_PINNED, pinCard, type CellContext } from '../plot/inspector.ts';
import { Debounced } from '../ui/debounced.ts';
import { PanelBox } from './panel-box.ts';
import type { PanelHost } from './panel-host.ts';
import type { View } from '../model/view.ts';

/** A pointer rests when it has not moved on to another cell for so long. */
const HOVER_MS = 60;

export class PanelCards {
  readonly element = h('div', { class: 'cards' });
  private readonly floating = h('div', { class: 'hover-card', attrs: { role: 'status' } });
  private readonly pinSlot = h('div', {});
  private readonly box: PanelBox;
  private readonly context: Context;
  private readonly panel: PanelHost;
  private at: { readonly x: number; readonly y: number } | undefined;
  private pinned = '';
  /** A pointer that moves asks for nothing: only where it rests. */
  private readonly asking = new Debounced(HOVER_MS);

  constructor(context: Context, panel: PanelHost) {
    this.context = context;
    this.panel = panel;
    this.box = new PanelBox(context, panel);
    this.floating.hidden = true;
    this.element.append(this.pinSlot, this.box.element);
    document.body.append(this.floating);
  }

  stop(): void {
    this.asking.cancel();
    this.box.stop();
    this.floating.remove();
  }

  hover(view: View | undefined, cell: Cell | undefined, x: number, y: number, byKeyboard: boolean): void {
    this.asking.cancel();
    if (view === undefined || cell === undefined) {
      this.floating.hidden = true;
      return;
    }
    const tell = (facts: CellFacts | undefined): void => {
      const lines = hoverCard(cell, contextOf(view, cell, facts));
      this.floating.replaceChildren(...lines);
      this.floating.hidden = false;
      if (byKeyboard && facts !== undefined)
        this.context.announce(lines.map((line) => line.textContent).join('. '));
      this.place(x, y);
    };
    const known = factsHere(view, cell) ?? this.panel.knownFacts(cell, KEYS_HOVERED);
    // The picture moved on under a pointer that rests: what is told stays until the new is known.
    const rests = !this.floating.hidden && this.at?.x === x && this.at.y === y;
    this.at = { x, y };
    if (known !== undefined || !rests) tell(known);
    if (known !== undefined || view.numeric === undefined) return;
    this.asking.later(async (isCurrent) => {
      const facts = await this.panel.factsAt(cell, KEYS_HOVERED);
      if (facts !== undefined && isCurrent()) tell(facts);
    });
  }

  private place(x: number, y: number): void {
    const { width, height } = this.floating.getBoundingClientRect();
    const gap = 16;
    const left = x + gap + width > innerWidth ? x - gap - width : x + gap;
    const top = Math.min(innerHeight - height - 8, y + gap);
    this.floating.style.left = `${Math.max(8, left)}px`;
    this.floating.style.top = `${Math.max(8, top)}px`;
  }

  show(view: View): void {
    const { state } = this.panel;
    const cell = this.panel.pinned(view);
    void this.showPin(view, cell);
    this.box.show(view);
    this.element.hidden = cell === undefined && state.box === undefined;
  }

  /** The pinned second is asked for and drawn again only when late reports changed it. */
  private async showPin(view: View, cell: Cell | undefined): Promise<void> {
    const slot = cell === undefined ? undefined : contextOf(view, cell, undefined).slot;
    const key = JSON.stringify([cell ?? 0, slot?.minreporting ?? 0]);
    if (key === this.pinned) return;
    this.pinned = key;
    const facts =
      cell === undefined
        ? undefined
        : (factsHere(view, cell) ?? (await this.panel.factsAt(cell, KEYS_PINNED)));
    if (key !== this.pinned) return;
    // A request that failed is made again with the next picture.
    if (cell !== undefined && facts === undefined && slot !== undefined) this.pinned = '';
    refill(this.pinSlot, JSON.stringify([key, facts ?? 0]), () => [
      cell !== undefined &&
        pinCard(cell, contextOf(view, cell, facts), () => {
          this.panel.set({ pin: undefined });
        }),
    ]);
  }
}

/** Of a graph everything is here already. */
function factsHere(view: View, cell: Cell): CellFacts | undefined {
  const point = view.points[Math.floor((cell.time - view.start) / view.step)];
  return point === undefined ? undefined : factsOfPoint(point);
}

function contextOf(view: View, cell: Cell, facts: CellFacts | undefined): CellContext {
  return {
    slot: view.slots[Math.floor((cell.time - view.start) / view.step)],
    facts,
    step: view.step,
    type: view.numeric === undefined ? view.metricType : view.valueType,
    numeric: view.numeric !== undefined,
    unit: view.unit,
  };
}
