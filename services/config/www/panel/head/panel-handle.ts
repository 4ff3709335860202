/*
 * The handle of a panel: moves it among the others, by dragging or by the arrow keys, and gives it another size. In: where it
 * is dropped, keys. Out: a move, told to the page.
 */
import { PANEL_SIZES, type PanelSize } from '../../../../../common/model/board.ts';
import type { Context } from '../../ui/context.ts';
import { h } from '../../ui/dom.ts';
import type { PanelHost } from '../panel-host.ts';

const TYPE = 'application/x-ca-panel';
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export function panelHandle(context: Context, panel: PanelHost): HTMLElement {
  const { element } = panel;
  const handle = h(
    'button',
    {
      class: 'handle',
      title: 'Drag to move; arrow keys move it, + and − change its size',
      attrs: {
        type: 'button',
        draggable: 'true',
        'aria-label': 'Move this picture: arrow keys; size: plus and minus',
        'data-focus': 'handle',
      },
    },
    '⠿',
  );
  handle.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      context.move(panel.state.id, step);
      handle.focus();
    } else if (event.key === '+' || event.key === '-' || event.key === '−') {
      event.preventDefault();
      const size = resized(panel.state.size, event.key === '+' ? 1 : -1);
      panel.set({ size });
      context.announce(`Size: ${size}.`);
    }
  });
  handle.addEventListener('dragstart', (event) => {
    event.dataTransfer?.setData(TYPE, panel.state.id);
    event.dataTransfer?.setDragImage(element, 20, 20);
    element.classList.add('dragged');
  });
  handle.addEventListener('dragend', () => {
    element.classList.remove('dragged');
  });
  element.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes(TYPE) !== true) return;
    event.preventDefault();
    element.classList.add('target');
  });
  element.addEventListener('dragleave', () => {
    element.classList.remove('target');
  });
  element.addEventListener('drop', (event) => {
    element.classList.remove('target');
    const dragged = event.dataTransfer?.getData(TYPE) ?? '';
    if (dragged === '') return;
    event.preventDefault();
    context.moveTo(dragged, panel.state.id);
  });
  return handle;
}

export function resized(size: PanelSize, step: number): PanelSize {
  const at = PANEL_SIZES.indexOf(size) + step;
  return PANEL_SIZES[Math.max(0, Math.min(PANEL_SIZES.length - 1, at))] ?? 'normal';
}
