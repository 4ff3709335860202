/* A word that comes and goes, seen and spoken. In: text. Out: elements for the end of the page. */
import { h } from './dom.ts';

const SHOWN_MS = 4000;

export class Announcer {
  readonly elements: readonly HTMLElement[];
  private readonly spoken = h('div', { class: 'hidden', attrs: { 'aria-live': 'polite', role: 'status' } });
  private readonly toast = h('div', { class: 'toast', attrs: { 'aria-hidden': 'true' } });
  private timer = 0;

  constructor() {
    this.elements = [this.spoken, this.toast];
  }

  say(text: string): void {
    this.spoken.textContent = text;
    this.toast.textContent = text;
    this.toast.classList.add('shown');
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.toast.classList.remove('shown');
    }, SHOWN_MS);
  }
}
