/* The head of the page: its name, and what concerns all of it. In: what the buttons do. Out: an element. */
import { button, h } from './dom.ts';
import { icon } from './icons.ts';

export interface HeaderActions {
  /** Shows or hides the form, where it does not always stand beside the pictures. */
  ask(): void;
  theme(): void;
  help(): void;
  wall(): void;
}

/** `boards`: the menu of boards. */
export function pageHeader(actions: HeaderActions, boards: HTMLElement): HTMLElement {
  const tool = (
    name: 'theme' | 'wall' | 'help',
    label: string,
    title: string,
    act: () => void,
  ): HTMLElement => button(icon(name), act, { class: 'tool', title, attrs: { 'aria-label': label } });
  return h(
    'header',
    {},
    h('h1', {}, h('span', { class: 'mark', attrs: { 'aria-hidden': 'true' } }), 'Cloud Analytics'),
    h(
      'div',
      { class: 'tools' },
      button(
        'Ask',
        () => {
          actions.ask();
        },
        { class: 'primary ask-toggle' },
      ),
      boards,
      tool('help', 'Help', 'Help: keyboard, API, machines (?)', () => {
        actions.help();
      }),
      tool('theme', 'Light or dark', 'Light or dark', () => {
        actions.theme();
      }),
      tool('wall', 'Wall view', 'Wall view: only the pictures (Escape leaves it)', () => {
        actions.wall();
      }),
    ),
  );
}
