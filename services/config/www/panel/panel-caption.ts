/*
 * What stands below a plot: days and zone of its time axis, and the window's percentiles. In: the panel's view.
 * Out: a line of text, and the choice of the zone.
 */
import { formatInField } from '../model/units.ts';
import type { View } from '../model/view.ts';
import { stretchText, zoneNow, type Zone } from '../model/zone.ts';
import { button, h, refill } from '../ui/dom.ts';

export class PanelCaption {
  readonly element = h('p', { class: 'caption muted' });
  private readonly choose: (zone: Zone) => void;

  constructor(choose: (zone: Zone) => void) {
    this.choose = choose;
  }

  show(view: View): void {
    const zone = zoneNow();
    const stretch = stretchText(view.start, view.end);
    const numbers = (view.heat?.percentiles ?? []).flatMap(({ percentile, all }) =>
      typeof all === 'number' ? [`p${percentile} ${formatInField(all, view.valueType)}`] : [],
    );
    // Where both are the same there is nothing to choose.
    const differs = zone === 'utc' || new Date(view.start * 1000).getTimezoneOffset() !== 0;
    refill(this.element, JSON.stringify([stretch, numbers, differs, zone]), () => [
      h(
        'span',
        { class: 'stretch' },
        stretch,
        differs &&
          button(
            zone === 'utc' ? 'local time' : 'UTC',
            () => {
              this.choose(zone === 'utc' ? 'local' : 'utc');
            },
            {
              class: 'link',
              title: 'All times on this page, and in its address',
              attrs: {
                'data-focus': 'zone',
                'aria-label': `Show times in ${zone === 'utc' ? 'local time' : 'UTC'}`,
              },
            },
          ),
      ),
      numbers.length > 0 &&
        h('span', { class: 'numbers', title: 'Of all events in the window' }, numbers.join('   ')),
    ]);
  }
}
