/*
 * What can be taken back: it is done a few seconds after it was asked for, or when the page is left. In: what to do, in words
 * and as an act. Out: a line with a button; until it is gone, nothing has happened.
 */
import { button, h } from './dom.ts';

const SECONDS = 8;

interface Pending {
  readonly timer: number;
  readonly line: HTMLElement;
  /** `leaving`: the page is going away, and waits for nothing. */
  act(leaving: boolean): void;
}

export class Undo {
  readonly element = h('div', { class: 'undo', attrs: { role: 'status' } });
  private readonly pending = new Map<string, Pending>();
  private readonly changed: () => void;

  /** `changed`: what is pending has changed. */
  constructor(changed: () => void) {
    this.changed = changed;
    // Also when a telephone puts the page away for good.
    window.addEventListener('pagehide', () => {
      for (const key of this.pending.keys()) this.finish(key, true);
    });
  }

  /** It looks as if it were done. */
  has(key: string): boolean {
    return this.pending.has(key);
  }

  later(key: string, text: string, act: (leaving: boolean) => void, back: () => void): void {
    if (this.pending.has(key)) return;
    const undo = button('Undo', () => {
      this.drop(key);
      back();
      this.changed();
    });
    const line = h('p', {}, h('span', {}, text), undo);
    const timer = window.setTimeout(() => {
      this.finish(key, false);
    }, SECONDS * 1000);
    this.pending.set(key, { timer, line, act });
    this.element.append(line);
    this.changed();
    // What was clicked is gone: whoever uses the keyboard goes on here.
    undo.focus({ preventScroll: true });
  }

  private finish(key: string, leaving: boolean): void {
    const found = this.pending.get(key);
    this.drop(key);
    found?.act(leaving);
    this.changed();
  }

  private drop(key: string): void {
    const found = this.pending.get(key);
    if (found === undefined) return;
    clearTimeout(found.timer);
    found.line.remove();
    this.pending.delete(key);
  }
}
