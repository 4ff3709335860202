/* The menu of boards: those that are kept, those that are proposed, and a new one. In: what to open. Out: an element. */
import type { BoardAnswer } from '../../../../common/api/board.ts';
import type { Context } from '../ui/context.ts';
import { button, h } from '../ui/dom.ts';
import { startersFor } from './starters.ts';

export interface BoardMenuActions {
  open(id: string): void;
  begin(): void;
}

export function boardMenu(context: Context, actions: BoardMenuActions): HTMLElement {
  const items = h('div', { class: 'menu-items' });
  const details = h(
    'details',
    { class: 'menu board-menu' },
    h('summary', { attrs: { 'aria-label': 'Boards' } }, 'Boards'),
    items,
  );
  const item = (text: string, act: () => void): HTMLElement =>
    button(text, () => {
      details.open = false;
      act();
    });
  const fill = (boards: readonly BoardAnswer[]): void => {
    const names = new Set(boards.map(({ name }) => name));
    const proposed = startersFor(context.catalogue()).filter(({ board }) => !names.has(board.name));
    items.replaceChildren(
      ...boards.map(({ id, name }) =>
        item(name, () => {
          actions.open(id);
        }),
      ),
      ...proposed.map(({ id, board }) =>
        item(`${board.name} (proposed)`, () => {
          actions.open(`~${id}`);
        }),
      ),
      item('Make these pictures a board', () => {
        actions.begin();
      }),
    );
  };
  details.addEventListener('toggle', () => {
    if (!details.open) return;
    fill([]);
    context.api.boards().then(fill, () => undefined);
  });
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    event.stopPropagation();
    details.open = false;
    details.querySelector('summary')?.focus();
  });
  details.addEventListener('focusout', (event) => {
    if (details.contains(event.relatedTarget as Node | null)) return;
    setTimeout(() => {
      details.open = false;
    }, 150);
  });
  return details;
}
