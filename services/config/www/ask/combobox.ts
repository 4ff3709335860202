/*
 * A text field with a list of matches under it (the ARIA combobox pattern). In: a search function, and what an option
 * says. Out: the option chosen. Arrows move, Enter takes, Escape gives up; the pointer works as well.
 */
import { h } from '../ui/dom.ts';

export interface Option<T> {
  readonly item: T;
  readonly group: string;
  readonly label: string;
  readonly hint: string;
  /** A line below. */
  readonly detail?: string | undefined;
  /** It is found, and cannot be had. */
  readonly off?: boolean;
}

export interface Combobox<T> {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  show(option: { readonly label: string } | undefined): void;
  readonly chosen: () => T | undefined;
}

/** Long lists are searched, not scrolled. */
const SHOWN = 200;

export function combobox<T>(
  id: string,
  label: string,
  placeholder: string,
  search: (text: string) => readonly Option<T>[],
  choose: (item: T) => void,
): Combobox<T> {
  let options: readonly Option<T>[] = [];
  let active = -1;
  let chosen: T | undefined;
  let chosenLabel = '';

  const input = h('input', {
    class: 'combo-input',
    attrs: {
      id,
      type: 'text',
      role: 'combobox',
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder,
      'aria-expanded': 'false',
      'aria-controls': `${id}-list`,
      'aria-autocomplete': 'list',
    },
  });
  const list = h('ul', {
    class: 'combo-list',
    attrs: { id: `${id}-list`, role: 'listbox', 'aria-label': label },
  });
  list.hidden = true;

  const open = (): void => {
    options = search(input.value === chosenLabel ? '' : input.value).slice(0, SHOWN);
    active = options.findIndex(({ item }) => item === chosen);
    draw();
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    list.children[Math.max(0, active)]?.scrollIntoView({ block: 'nearest' });
  };
  const close = (): void => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const take = (option: Option<T> | undefined): void => {
    if (option === undefined) return;
    chosen = option.item;
    chosenLabel = option.label;
    input.value = option.label;
    close();
    choose(option.item);
  };
  const mark = (index: number): void => {
    active = index;
    for (const element of list.querySelectorAll('[role=option]')) {
      const is = element.id === `${id}-${active}`;
      element.setAttribute('aria-selected', String(is));
      if (is) element.scrollIntoView({ block: 'nearest' });
    }
    if (active >= 0) input.setAttribute('aria-activedescendant', `${id}-${active}`);
  };
  const draw = (): void => {
    let group = '';
    list.replaceChildren(
      ...options.flatMap((option, i) => {
        const row = h(
          'li',
          {
            class: option.off === true ? 'off' : '',
            attrs: { id: `${id}-${i}`, role: 'option', 'aria-selected': String(i === active) },
            on: {
              pointerdown: (event: PointerEvent) => {
                event.preventDefault();
                take(option);
              },
            },
          },
          h('span', { class: 'combo-label' }, option.label),
          h('span', { class: 'combo-hint' }, option.hint),
          option.detail !== undefined && h('span', { class: 'combo-detail' }, option.detail),
        );
        if (option.group === group) return [row];
        group = option.group;
        return [h('li', { class: 'combo-group', attrs: { role: 'presentation' } }, group), row];
      }),
    );
    if (options.length === 0) {
      list.append(h('li', { class: 'combo-none', attrs: { role: 'presentation' } }, 'Nothing matches.'));
    }
  };

  input.addEventListener('input', () => {
    chosen = undefined;
    open();
    if (options.length > 0) mark(0);
  });
  input.addEventListener('click', open);
  input.addEventListener('focus', () => {
    input.select();
  });
  input.addEventListener('blur', () => {
    close();
    if (chosen === undefined) input.value = chosenLabel;
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (list.hidden) open();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (options.length > 0) mark((active + step + options.length) % options.length);
    } else if (event.key === 'Enter' && !list.hidden) {
      event.preventDefault();
      take(options[Math.max(0, active)]);
    } else if (event.key === 'Escape' && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });

  return {
    element: h('div', { class: 'combo' }, input, list),
    input,
    show(option) {
      chosenLabel = option?.label ?? '';
      input.value = chosenLabel;
    },
    chosen: () => chosen,
  };
}
