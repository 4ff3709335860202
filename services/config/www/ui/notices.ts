/* What is wrong with the system, above everything. In: how it stands. Out: an element, drawn again only for news. */
import { noticesOf } from '../model/health.ts';
import { h, refill } from './dom.ts';

export class Notices {
  readonly element = h('div', { class: 'notices', attrs: { role: 'status' } });

  show(standing: Parameters<typeof noticesOf>[0]): void {
    const current = noticesOf(standing);
    document.body.classList.toggle('unreached', standing.reached === false);
    refill(this.element, JSON.stringify(current), () =>
      current.map(({ kind, title, text }) =>
        h('p', { class: `notice ${kind}` }, h('strong', {}, title), ` ${text}`),
      ),
    );
  }
}
