/*
 * The line above the pictures of a board: its name, what it is narrowed by, the time that all pictures share, saving.
 * In: the board that is open. Out: an element; what is typed goes to board-control.ts.
 */
import { fieldLabel } from '../model/question.ts';
import type { PanelState } from '../model/url-state.ts';
import { spanText } from '../plot/time-axis.ts';
import type { Context } from '../ui/context.ts';
import { button, h, refill, select } from '../ui/dom.ts';
import type { BoardControl } from './board-control.ts';

export interface BoardBarActions {
  /** All panels show this. */
  time(change: Partial<Pick<PanelState, 'window' | 'end'>>): void;
  remove(id: string, name: string): void;
  panels(): readonly PanelState[];
  hosts(): readonly string[];
}

const WINDOWS = [60, 120, 300, 600, 1800, 3600];

export class BoardBar {
  readonly element = h('section', { class: 'board-bar', attrs: { 'aria-label': 'Board' } });
  private readonly context: Context;
  private readonly control: BoardControl;
  private readonly actions: BoardBarActions;

  constructor(context: Context, control: BoardControl, actions: BoardBarActions) {
    this.context = context;
    this.control = control;
    this.actions = actions;
  }

  show(): void {
    const { control, actions } = this;
    const { id, name, values, fields, missing, dirty, saved } = control;
    this.element.hidden = id === undefined;
    if (id === undefined) return;
    const panels = actions.panels();
    const times = new Set(panels.map(({ window }) => window));
    const window = times.size === 1 ? [...times][0] : undefined;
    const live = panels.every(({ end }) => end === undefined);
    const key = JSON.stringify([
      id,
      name,
      [...values],
      fields,
      missing,
      dirty,
      saved?.revision,
      window ?? 0,
      live,
    ]);
    refill(this.element, key, () => [
      this.nameForm(),
      h('div', { class: 'variables' }, ...fields.map((field) => this.variable(field))),
      h(
        'div',
        { class: 'tools' },
        select(
          'Time shown by all pictures',
          [['', 'each its own'], ...WINDOWS.map((w) => [String(w), spanText(w)] as const)],
          window === undefined ? '' : String(window),
          (value) => {
            actions.time({ window: value === '' ? undefined : Number(value) });
          },
        ),
        live
          ? button('Hold all', () => {
              actions.time({ end: Math.floor(this.context.api.serverSeconds()) - 1 });
            })
          : button('Now', () => {
              actions.time({ end: undefined });
            }),
        saved !== undefined &&
          button(
            'Delete',
            () => {
              actions.remove(saved.id, saved.name);
            },
            { class: 'quiet danger', title: 'Forget the board; its pictures stay' },
          ),
        button(
          'Close',
          () => {
            control.close();
          },
          { class: 'quiet' },
        ),
      ),
      missing.length > 0 && h('p', { class: 'muted missing' }, `Not available here: ${missing.join(', ')}.`),
    ]);
  }

  private nameForm(): HTMLElement {
    const { control } = this;
    const input = h('input', {
      attrs: {
        type: 'text',
        value: control.name,
        maxlength: 80,
        required: true,
        placeholder: 'Name of the board',
        'aria-label': 'Name of the board',
        'data-focus': 'board-name',
      },
    });
    const submit = h(
      'button',
      { class: control.dirty ? 'primary' : 'quiet', attrs: { type: 'submit', disabled: !control.dirty } },
      control.dirty ? 'Save' : 'Saved',
    );
    input.addEventListener('input', () => {
      submit.disabled = false;
      submit.textContent = 'Save';
    });
    const form = h('form', { class: 'board-name' }, input, submit);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = input.value.trim();
      if (name !== '') void control.save(name);
    });
    return form;
  }

  /** A choice of what is on the screen, and anything else that is typed: it becomes a comparison, never a piece of text. */
  private variable(field: string): HTMLElement {
    const { context, control } = this;
    const label = fieldLabel(context.catalogue(), field);
    const list = h('datalist', { attrs: { id: `variable-${field}` } });
    const input = h('input', {
      attrs: {
        type: 'search',
        list: list.id,
        value: control.values.get(field) ?? '',
        placeholder: 'all',
        maxlength: 256,
        'data-focus': `variable ${field}`,
      },
      on: {
        focus: () => {
          const known = field === 'hostname' ? this.actions.hosts() : context.valuesOf(field);
          list.replaceChildren(...known.slice(0, 200).map((value) => h('option', { attrs: { value } })));
        },
        change: () => {
          void control.narrow(field, input.value.trim());
        },
      },
    });
    return h('label', { class: control.values.has(field) ? 'variable set' : 'variable' }, label, input, list);
  }
}
