/*
 * The legend: keys with their totals over the window, searchable, to be highlighted, isolated or left out.
 * In: totals, the selection. Out: a new selection. Of 10,000 keys only the first matches are on the screen.
 */
import { button, choice, h, refill } from '../../ui/dom.ts';
import { keyText } from '../../model/key-text.ts';
import type { Mark } from '../../../../../common/model/hue.ts';
import { formatCount, formatShare } from '../../model/units.ts';
import type { KeyMode, PanelState } from '../../model/url-state.ts';

export interface LegendData {
  readonly title: string;
  /** The question, so that no two lists on the page have the same name. */
  readonly of: string;
  readonly keys: readonly (readonly [string, number])[];
  /** Keys that are not in the list. */
  readonly omitted: number;
  readonly total: number;
  readonly keysShown: readonly string[];
  readonly mode: KeyMode;
  readonly colourOf: (key: string) => string | undefined;
  /** What tells keys apart whose colours look alike. */
  readonly marks: ReadonlyMap<string, Mark>;
  readonly restColour: string;
  /** On paper nobody scrolls or searches. */
  readonly paper: boolean;
  /** Of a key's total: a plain count, or a quantity with its unit. */
  readonly format: (total: number) => string;
  /** The same where there is little room: the key's name needs it more. */
  readonly short: (total: number) => string;
}

const SHOWN = 100;
/** Rows at first, and so many more whenever the end of the list comes near: what is out of sight costs nothing. */
const ROWS = 20;

/** Keys whose text holds every word, in their order. */
export function matchingKeys(
  keys: readonly (readonly [string, number])[],
  text: string,
): readonly (readonly [string, number])[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return keys;
  return keys.filter(([key]) => {
    const lower = key.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}

/** A click selects one key (or nothing, when it was the one); with Shift or Ctrl keys are added and taken away. */
export function toggled(keys: readonly string[], key: string, several: boolean): readonly string[] {
  if (several) return keys.includes(key) ? keys.filter((k) => k !== key) : [...keys, key];
  return keys.length === 1 && keys[0] === key ? [] : [key];
}

/** The keys of `order` first, in that order, then the others in theirs. */
export function inOrder(
  keys: readonly (readonly [string, number])[],
  order: readonly string[],
): readonly (readonly [string, number])[] {
  const places = new Map(order.map((key, i) => [key, i]));
  const placeOf = (key: string): number => places.get(key) ?? order.length;
  return [...keys].sort(([a], [b]) => placeOf(a) - placeOf(b));
}

const ALIKE = 'Patterned: a colour like another one; the picture tells at the pointer whose it is.';

export class Legend {
  readonly element: HTMLElement;
  private data: LegendData | undefined;
  private order: readonly string[] = [];
  private readonly select: (change: Partial<Pick<PanelState, 'keys' | 'mode'>>) => void;
  private readonly head = h('div', { class: 'legend-head' });
  private readonly list = h('ul', { class: 'legend-list' });
  private readonly search: HTMLInputElement;
  private readonly more = h('p', { class: 'legend-more' });
  private room = ROWS;
  private last: Element | undefined;
  private readonly end = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      this.room = Math.min(SHOWN, this.room + ROWS);
      this.draw();
    },
    { root: this.list, rootMargin: '100px' },
  );

  /** `searched`: the search is another now; where there are more keys than the list has, somebody else must look for it. */
  constructor(select: (change: Partial<Pick<PanelState, 'keys' | 'mode'>>) => void, searched: () => void) {
    this.select = select;
    this.search = h('input', {
      class: 'legend-search',
      attrs: { type: 'search', placeholder: 'Search keys…', 'aria-label': 'Search keys' },
      on: {
        input: () => {
          this.draw();
          searched();
        },
      },
    });
    this.list.addEventListener('scroll', () => {
      if (this.list.scrollTop > 0 || this.room === ROWS || this.list.contains(document.activeElement)) return;
      this.room = ROWS;
      this.draw();
    });
    for (const type of ['pointerover', 'focusin'])
      this.list.addEventListener(type, ({ target }) => {
        const row = target instanceof Element ? target.closest<HTMLElement>('.legend-row') : null;
        if (row !== null) this.entitle(row);
      });
    this.element = h('aside', { class: 'legend' }, this.head, this.search, this.list, this.more);
    this.element.setAttribute('aria-label', 'Keys');
  }

  get searched(): string {
    return this.search.value.trim();
  }

  show(data: LegendData): void {
    this.data = data;
    const label = `Keys of ${data.of}`;
    if (this.element.getAttribute('aria-label') !== label) this.element.setAttribute('aria-label', label);
    this.draw();
  }

  private draw(): void {
    const { data } = this;
    if (data === undefined) return;
    this.search.hidden = data.keys.length + data.omitted < 8 && this.search.value === '';
    refill(this.head, `${data.title}|${data.mode}|${data.keysShown.length}|${data.keys.length > 0}`, () => [
      h('h3', {}, data.title),
      data.keysShown.length > 0 &&
        data.mode !== 'all' &&
        button(
          'Clear',
          () => {
            this.select({ keys: [], mode: 'highlight' });
          },
          { class: 'quiet' },
        ),
      choice<KeyMode>(
        'What happens to the selected keys',
        [
          ['highlight', 'Colour', 'Selected keys in their own colours, the rest behind them'],
          ['isolate', 'Only', 'Nothing but the selected keys'],
          ['exclude', 'Without', 'Everything but the selected keys'],
          ['all', 'All', 'Every key in its own colour'],
        ],
        data.mode,
        (mode) => {
          this.select({ mode });
        },
      ),
    ]);
    const found = matchingKeys(data.keys, this.search.value);
    // Under the pointer rows stay where they are: nobody can hit what moves each second.
    const ordered = this.list.matches(':hover') ? inOrder(found, this.order) : found;
    const shown = ordered.slice(0, SHOWN);
    this.order = shown.map(([key]) => key);
    const { paper } = data;
    this.fill(data, paper ? shown : shown.slice(0, this.room));
    this.watchEnd(!paper && shown.length > this.room);
    // While a search is on, those that do not match are no news.
    const hidden = found.length - shown.length + (this.searched === '' ? data.omitted : 0);
    const rest = hidden > 0 ? `${formatCount(hidden)} more${paper ? '' : '; search to find them'}. ` : '';
    const text =
      data.keys.length === 0
        ? 'No events yet.'
        : found.length === 0
          ? 'No key matches.'
          : `${rest}${data.marks.size > 0 ? ALIKE : ''}`;
    setText(this.more, text.trim());
  }

  /** Rows are reused: the list changes each second, and focus must stay where it is. */
  private fill(data: LegendData, shown: LegendData['keys']): void {
    while (this.list.children.length > shown.length) this.list.lastElementChild?.remove();
    while (this.list.children.length < shown.length) this.list.append(this.row());
    const focused = document.activeElement;
    const focusedKey = this.list.contains(focused) ? (focused as HTMLElement).dataset['k'] : undefined;
    shown.forEach(([key, count], i) => {
      const row = this.list.children[i]?.firstElementChild as HTMLButtonElement;
      const [swatch, name, amount, share] = row.children as unknown as HTMLElement[];
      const selected = data.keysShown.includes(key);
      if (row.dataset['k'] !== key) row.dataset['k'] = key;
      const colour = data.colourOf(key);
      const part = data.total > 0 ? count / data.total : 0;
      // Only what changed is written: whatever is written, the browser lays out again.
      const pressed = String(selected && data.mode !== 'all');
      if (row.getAttribute('aria-pressed') !== pressed) row.setAttribute('aria-pressed', pressed);
      setStyle(swatch, '--key', colour ?? data.restColour);
      swatch?.classList.toggle('rest', colour === undefined);
      setData(swatch, 'mark', markClass(data.marks.get(key)));
      setText(name, keyText(key));
      setText(amount, data.short(count));
      setText(share, formatShare(count, data.total));
      if (row.title !== '') this.entitle(row);
      setStyle(row, '--share', part.toFixed(3));
      if (key === focusedKey && row !== focused) row.focus();
    });
  }

  /** The title of a row is written when somebody comes to it. */
  private entitle(row: HTMLElement): void {
    const { data } = this;
    const { k } = row.dataset;
    if (data === undefined || k === undefined) return;
    const count = data.keys.find(([key]) => key === k)?.[1] ?? 0;
    const like = data.marks.get(k)?.like;
    const alike =
      like === undefined ? '' : ` Looks like ${keyText(like)}: point at the picture to see which.`;
    const title = `${keyText(k)}: ${data.format(count)} of ${data.format(data.total)}.${alike} Shift-click selects several.`;
    if (row.title !== title) row.title = title;
  }

  private watchEnd(isMore: boolean): void {
    const last = isMore ? (this.list.lastElementChild ?? undefined) : undefined;
    if (last === this.last) return;
    if (this.last !== undefined) this.end.unobserve(this.last);
    if (last !== undefined) this.end.observe(last);
    this.last = last;
  }

  private row(): HTMLElement {
    const element = h(
      'button',
      {
        class: 'legend-row',
        attrs: { type: 'button' },
        on: {
          click: (event: MouseEvent) => {
            const key = element.dataset['k'];
            if (key === undefined || this.data === undefined) return;
            const several = event.shiftKey || event.ctrlKey || event.metaKey;
            const before = this.data.mode === 'all' ? [] : this.data.keysShown;
            const keys = toggled(before, key, several);
            const mode = this.data.mode === 'all' || keys.length === 0 ? 'highlight' : this.data.mode;
            this.select({ keys, mode });
          },
        },
      },
      h('span', { class: 'swatch' }),
      h('span', { class: 'key' }),
      h('span', { class: 'number' }),
      h('span', { class: 'share' }),
    );
    return h('li', {}, element);
  }
}

function setStyle(element: HTMLElement | undefined, name: string, value: string): void {
  if (element?.style.getPropertyValue(name) !== value) element?.style.setProperty(name, value);
}

function setData(element: HTMLElement | undefined, name: string, value: string | undefined): void {
  if (element === undefined || element.dataset[name] === value) return;
  if (value === undefined) delete element.dataset[name];
  else element.dataset[name] = value;
}

/** Patterns that a swatch has room for. */
const PATTERNS = 4;

export function markClass(mark: Mark | undefined): string | undefined {
  return mark === undefined ? undefined : String(1 + ((mark.mark - 1) % PATTERNS));
}

function setText(element: HTMLElement | undefined, text: string): void {
  if (element !== undefined && element.textContent !== text) element.textContent = text;
}
