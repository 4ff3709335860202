/*
 * Which keys have a colour of their own, and which. In: the selection, and the totals by key. Out: their colours, and
 * the series of a graph.
 */
import {
  cssColour,
  hueOfKey,
  marksOf,
  REST_HUE,
  swatchColour,
  type Mark,
  type Theme,
} from '../../../../../common/model/hue.ts';
import type { Series } from '../../plot/graph-view.ts';
import { keyText } from '../../model/key-text.ts';
import type { PanelState } from '../../model/url-state.ts';

type Totals = readonly (readonly [string, number])[];

/** Keys of a graph that have a line of their own. */
const LINES = 11;

/** The colour of a key is its own, whatever else is shown. */
export function keyColour(key: string, theme: Theme): string {
  return cssColour(swatchColour(hueOfKey(key), theme));
}

export function restColour(theme: Theme): string {
  return cssColour(swatchColour(REST_HUE, theme));
}

/** Which keys have a line of their own. */
export class LineKeys {
  private shown: readonly string[] = [];

  get keys(): readonly string[] {
    return this.shown;
  }

  choose(state: Pick<PanelState, 'keys' | 'mode' | 'end'>, totals: Totals): readonly string[] {
    // A held picture is the same for everybody who opens its address, whatever they looked at before.
    if (state.end !== undefined) this.shown = [];
    const selecting = state.mode !== 'all' && state.keys.length > 0;
    this.shown = selecting ? state.keys.slice(0, LINES) : this.steady(totals);
    return this.shown;
  }

  /** A key keeps its line while it is among the largest; newcomers take the places of those that left. */
  private steady(totals: Totals): readonly string[] {
    const largest = totals.slice(0, LINES).map(([key]) => key);
    // Twice the room before a key is dropped: two that swap ranks each second must not come and go.
    const near = new Set(totals.slice(0, 2 * LINES).map(([key]) => key));
    const kept = this.shown.map((key) => (near.has(key) ? key : undefined));
    const fresh = largest.filter((key) => !kept.includes(key));
    const filled = kept.map((key) => key ?? fresh.shift());
    return [...filled, ...fresh].filter((key) => key !== undefined).slice(0, LINES);
  }
}

const markOf = (mark: Mark | undefined): { mark?: number } => (mark === undefined ? {} : { mark: mark.mark });

interface Graphed {
  readonly discrete: string | undefined;
  readonly keys: Totals;
}

/** One line for a plain number; else the coloured keys, and everything else. */
export function seriesOf(
  state: Pick<PanelState, 'keys' | 'mode' | 'end'>,
  view: Graphed,
  lines: LineKeys,
  theme: Theme,
): Series[] {
  const rest = restColour(theme);
  if (view.discrete === undefined) {
    return [{ name: 'value', colour: rest, valueOf: (point) => point.all.count }];
  }
  const selecting = state.mode !== 'all' && state.keys.length > 0;
  const chosen = lines.choose(state, view.keys);
  const marks = marksOf(chosen);
  const series = chosen.map((key) => ({
    name: keyText(key),
    colour: keyColour(key, theme),
    ...markOf(marks.get(key)),
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
