/*
 * Which keys have a colour of their own, and which. In: the selection, and the totals by key. Out: hues that stay with
 * their keys from second to second, and the series of a graph.
 */
import { COLOURED_KEYS, colourOf, cssColour, hueAt, pureHue, type Theme } from '../plot/colour.ts';
import type { Series } from '../plot/graph-view.ts';
import { keyText } from './legend.ts';
import type { PanelState } from '../model/url-state.ts';

type Totals = readonly (readonly [string, number])[];

export class KeyColours {
  private shown: readonly string[] = [];

  /** Those that have a hue now. */
  get keys(): readonly string[] {
    return this.shown;
  }

  /** The keys with hues, in the order of their hues (the first hue is everything else's). */
  choose(state: Pick<PanelState, 'keys' | 'mode' | 'end'>, totals: Totals): readonly string[] {
    // A held picture is the same for everybody who opens its address, whatever they looked at before.
    if (state.end !== undefined) this.shown = [];
    if (state.mode === 'all') this.shown = this.steady(totals);
    else this.shown = state.keys.slice(0, COLOURED_KEYS);
    return this.shown;
  }

  /** For graphs without a selection: the largest keys get colours by themselves. */
  chooseLargest(state: Pick<PanelState, 'end'>, totals: Totals): readonly string[] {
    if (state.end !== undefined) this.shown = [];
    this.shown = this.steady(totals);
    return this.shown;
  }

  cssOf(key: string, theme: Theme): string | undefined {
    const index = this.shown.indexOf(key);
    return index === -1 ? undefined : swatch(hueAt(index + 1), theme);
  }

  restCss(theme: Theme): string {
    return swatch(hueAt(0), theme);
  }

  /** A key keeps its hue while it is among the largest; newcomers take the places of those that left. */
  private steady(totals: Totals): readonly string[] {
    const largest = totals.slice(0, COLOURED_KEYS).map(([key]) => key);
    // Twice the room before a key is dropped: two that swap ranks each second must not swap colours.
    const near = new Set(totals.slice(0, 2 * COLOURED_KEYS).map(([key]) => key));
    const kept = this.shown.map((key) => (near.has(key) ? key : undefined));
    const fresh = largest.filter((key) => !kept.includes(key));
    const filled = kept.map((key) => key ?? fresh.shift());
    return [...filled, ...fresh].filter((key) => key !== undefined).slice(0, COLOURED_KEYS);
  }
}

function swatch(hue: number, theme: Theme): string {
  return cssColour(colourOf(pureHue(hue), 0.75, theme));
}

interface Graphed {
  readonly discrete: string | undefined;
  readonly keys: Totals;
}

/** One line for a plain number; else the coloured keys, and everything else. */
export function seriesOf(
  state: Pick<PanelState, 'keys' | 'mode' | 'end'>,
  view: Graphed,
  colours: KeyColours,
  theme: Theme,
): Series[] {
  const rest = colours.restCss(theme);
  if (view.discrete === undefined) {
    return [{ name: 'value', colour: rest, valueOf: (point) => point.all.count }];
  }
  const selecting = state.mode !== 'all' && state.keys.length > 0;
  const chosen = selecting ? colours.choose(state, view.keys) : colours.chooseLargest(state, view.keys);
  const series = chosen.map((key) => ({
    name: keyText(key),
    colour: colours.cssOf(key, theme) ?? rest,
    valueOf: (point: Parameters<Series['valueOf']>[0]) => point.keys.get(key)?.count ?? 0,
  }));
  const others: Series = {
    name: 'everything else',
    colour: rest,
    valueOf: (point) =>
      chosen.reduce((left, key) => left - (point.keys.get(key)?.count ?? 0), point.all.count),
  };
  if (selecting && state.mode === 'isolate') return series;
  if (selecting && state.mode === 'exclude') return [others];
  return view.keys.length > chosen.length ? [...series, others] : series;
}
