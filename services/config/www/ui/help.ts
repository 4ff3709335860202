/*
 * Help: what can be done with the keyboard, where the rest is written, and which machines there are. In: the status, for
 * operators. Out: a dialog.
 */
import type { StatusAnswer } from '../model/answers.ts';
import { h } from './dom.ts';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'ask a question'],
  ['?', 'this help'],
  ['arrows, Page Up, Page Down, Home, End', 'in a picture: from cell to cell'],
  ['Shift + arrows', 'in a picture: draw a box'],
  ['Enter', 'in a picture: pin the cell, or take the box'],
  ['← →', 'on the handle of a picture: move it among the others'],
  ['Escape', 'clear, close, leave the wall'],
];

const NODES_SHOWN = 200;

export function helpDialog(status: () => StatusAnswer | undefined): {
  element: HTMLDialogElement;
  open(): void;
} {
  const nodes = h('div', {});
  const element = h(
    'dialog',
    { class: 'help', attrs: { 'aria-labelledby': 'help-title' } },
    h('h2', { attrs: { id: 'help-title' } }, 'Help'),
    h(
      'p',
      {},
      'Time goes right, slow is up, many is dark. Drag a box around what looks odd: the page says what is special in it.',
    ),
    h('h3', {}, 'Keyboard'),
    h(
      'dl',
      { class: 'keys' },
      ...KEYS.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]),
    ),
    h('h3', {}, 'More'),
    h(
      'ul',
      { class: 'links' },
      h(
        'li',
        {},
        link('/ca/docs', 'The API'),
        ', with an example for each resource; ',
        link('/ca/openapi.json', 'its description for programs'),
      ),
      h(
        'li',
        {},
        h('code', {}, 'cactl summary'),
        ' says how the deployment stands, ',
        h('code', {}, 'cactl metrics'),
        ' what can be asked',
      ),
    ),
    nodes,
    h(
      'form',
      { attrs: { method: 'dialog' } },
      h('button', { class: 'primary', attrs: { type: 'submit' } }, 'Close'),
    ),
  );
  element.addEventListener('click', (event) => {
    if (event.target === element) element.close();
  });
  return {
    element,
    open() {
      nodes.replaceChildren(...machines(status()));
      element.showModal();
    },
  };
}

function link(href: string, text: string): HTMLElement {
  return h('a', { attrs: { href, target: '_blank', rel: 'noopener' } }, text);
}

function machines(status: StatusAnswer | undefined): HTMLElement[] {
  const known = status?.instrumenters;
  if (known === undefined) return [];
  const count = known.length;
  return [
    h('h3', {}, `${count} ${count === 1 ? 'machine' : 'machines'}`),
    h(
      'p',
      { class: 'machines' },
      known
        .slice(0, NODES_SHOWN)
        .map(({ host }) => host)
        .join(', '),
      count > NODES_SHOWN ? ` and ${count - NODES_SHOWN} more` : '',
    ),
  ];
}
