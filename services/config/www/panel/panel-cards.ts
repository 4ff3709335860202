/*
 * The cards of a panel: what floats at the cursor, what is pinned, what is special in the box. In: the panel's view and
 * state. Out: elements; and questions asked from a box, placed beside.
 */
import type { Question } from '../model/answers.ts';
import type { Cell } from '../model/cell-facts.ts';
import { boxPredicate } from '../model/box-predicate.ts';
import type { Context } from '../ui/context.ts';
import { h, refill } from '../ui/dom.ts';
import { boxCard, hoverCard, pinCard, type CellContext } from '../plot/inspector.ts';
import type { Panel } from './panel.ts';
import type { View } from '../model/view.ts';
import { both, isNumericField } from '../model/predicate-form.ts';
import { fieldLabel, questionOf } from '../model/question.ts';
import { specialIn, type Box } from '../model/special.ts';

export class PanelCards {
  readonly element = h('div', { class: 'cards' });
  private readonly floating = h('div', { class: 'hover-card', attrs: { role: 'status' } });
  private readonly pinSlot = h('div', {});
  private readonly boxSlot = h('div', {});
  private readonly context: Context;
  private readonly panel: Panel;

  constructor(context: Context, panel: Panel) {
    this.context = context;
    this.panel = panel;
    this.floating.hidden = true;
    this.element.append(this.pinSlot, this.boxSlot);
    document.body.append(this.floating);
  }

  stop(): void {
    this.floating.remove();
  }

  hover(view: View | undefined, cell: Cell | undefined, x: number, y: number, byKeyboard: boolean): void {
    if (view === undefined || cell === undefined) {
      this.floating.hidden = true;
      return;
    }
    const lines = hoverCard(cell, contextOf(view, cell));
    this.floating.replaceChildren(...lines);
    this.floating.hidden = false;
    if (byKeyboard) this.context.announce(lines.map((line) => line.textContent).join('. '));
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
    const point = cell === undefined ? undefined : contextOf(view, cell).point;
    // The pinned second is drawn again only when late reports changed it.
    refill(this.pinSlot, JSON.stringify([cell ?? 0, point?.all.count ?? 0, point?.minreporting ?? 0]), () => [
      cell !== undefined &&
        pinCard(cell, contextOf(view, cell), () => {
          this.panel.set({ pin: undefined });
        }),
    ]);
    this.showBox(view, state.box);
    this.element.hidden = cell === undefined && state.box === undefined;
  }

  /** Drawn once per box: what is special in it does not change while somebody reads it. */
  private showBox(view: View, box: Box | undefined): void {
    refill(this.boxSlot, JSON.stringify([box ?? 0, view.discrete ?? '']), () => {
      if (box === undefined) return [];
      const catalogue = this.context.catalogue();
      const { instrumentation, numeric, discrete } = view;
      const fields = (view.metric?.fields ?? []).filter(
        (f) => f !== discrete && !isNumericField(catalogue, f),
      );
      const label = (field: string): string => fieldLabel(catalogue, field);
      const ask = (change: Partial<Question>): void => {
        const question = { ...questionOf(instrumentation), ...change };
        this.context.ask(question, this.panel.state.id).catch((error: unknown) => {
          this.context.announce(error instanceof Error ? error.message : String(error));
        });
      };
      const inBox = both(instrumentation.predicate, boxPredicate(box, numeric));
      return [
        boxCard(
          box,
          specialIn(view.points, box),
          {
            type: view.valueType,
            numeric: numeric !== undefined,
            unit: view.unit,
            splitLabel: discrete === undefined ? undefined : label(discrete),
            otherFields: fields.map((f) => [f, label(f)] as const),
          },
          {
            close: () => {
              this.panel.set({ box: undefined });
            },
            ask: (key) => {
              const only = key === undefined || discrete === undefined ? {} : { eq: [discrete, key] };
              ask({ predicate: both(inBox, only) });
            },
            split: (field) => {
              const decomposition = numeric === undefined ? [field] : [field, numeric];
              ask({ predicate: inBox, decomposition });
            },
            highlight: (key) => {
              this.panel.set({ keys: [key], mode: 'highlight' });
            },
          },
        ),
      ];
    });
  }
}

function contextOf(view: View, cell: Cell): CellContext {
  return {
    point: view.points[Math.floor((cell.time - view.start) / view.step)],
    step: view.step,
    type: view.numeric === undefined ? view.metricType : view.valueType,
    numeric: view.numeric !== undefined,
    unit: view.unit,
  };
}
