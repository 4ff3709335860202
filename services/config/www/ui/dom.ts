/* Elements in one expression: h('button', { class: 'quiet', on: { click } }, 'Delete'). In: names, attributes. Out: nodes. */

type Child = Node | string | undefined | false;

export interface Props {
  readonly class?: string;
  readonly title?: string;
  readonly attrs?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly on?: Readonly<Record<string, (event: never) => void>>;
}

const SVG = 'http://www.w3.org/2000/svg';

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (props.class !== undefined) element.className = props.class;
  if (props.title !== undefined) element.title = props.title;
  setAttributes(element, props.attrs ?? {});
  for (const [type, listener] of Object.entries(props.on ?? {})) {
    element.addEventListener(type, listener as (event: Event) => void);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export function s(
  tag: string,
  attrs: Readonly<Record<string, string | number | undefined>> = {},
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attrs);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** true: present and empty. false and undefined: absent. */
export function setAttributes(
  element: Element,
  attrs: Readonly<Record<string, string | number | boolean | undefined>>,
): void {
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

export function button(label: Node | string, click: () => void, props: Props = {}): HTMLButtonElement {
  const { attrs, on, ...rest } = props;
  return h('button', { ...rest, attrs: { type: 'button', ...attrs }, on: { click, ...on } }, label);
}

/** A choice of few: radio buttons that look like one control. Arrow keys come with the radio group. */
export function choice<T extends string>(
  legend: string,
  options: readonly (readonly [T, string, string?])[],
  current: T,
  choose: (value: T) => void,
): HTMLElement {
  const name = `choice-${(choices++).toString(36)}`;
  const inputs = options.map(([value, label, title]) => {
    const input = h('input', {
      attrs: { type: 'radio', name, value, checked: value === current },
      on: {
        change: () => {
          choose(value);
        },
      },
    });
    return h('label', title === undefined ? {} : { title }, input, h('span', {}, label));
  });
  return h('fieldset', { class: 'choice' }, h('legend', { class: 'hidden' }, legend), ...inputs);
}

let choices = 0;

export function select<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  current: T,
  choose: (value: T) => void,
): HTMLSelectElement {
  const element = h(
    'select',
    {
      attrs: { 'aria-label': label },
      on: {
        change: () => {
          choose(element.value as T);
        },
      },
    },
    ...options.map(([value, text]) => h('option', { attrs: { value } }, text)),
  );
  element.value = current;
  return element;
}

/** A button that opens a small list of actions; closes on Escape, on choosing and on a click elsewhere. */
export function menu(
  label: Node | string,
  title: string,
  actions: readonly (readonly [string, () => void])[],
): HTMLElement {
  const details = h('details', { class: 'menu' });
  const close = (): void => {
    details.open = false;
  };
  details.append(
    h('summary', { title, attrs: { 'aria-label': title } }, label),
    h(
      'div',
      { class: 'menu-items' },
      ...actions.map(([text, act]) =>
        button(text, () => {
          close();
          act();
        }),
      ),
    ),
  );
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    event.stopPropagation();
    close();
    details.querySelector('summary')?.focus();
  });
  details.addEventListener('focusout', (event) => {
    if (!details.contains(event.relatedTarget as Node | null)) setTimeout(close, 150);
  });
  return details;
}

/** Keeps what the user is doing (focus, open menus) when nothing changed: children are replaced only for a new text key. */
export function refill(parent: HTMLElement, key: string, children: () => readonly Child[]): void {
  if (parent.dataset['key'] === key) return;
  parent.dataset['key'] = key;
  const focused = parent.contains(document.activeElement)
    ? document.activeElement?.getAttribute('data-focus')
    : undefined;
  parent.replaceChildren(...children().filter((child) => child !== undefined && child !== false));
  if (focused !== undefined && focused !== null) {
    parent.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
}
