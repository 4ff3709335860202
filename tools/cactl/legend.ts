/*
 * Which keys have a colour. In: the slots on the screen. Out: the keys with most events, each in its own colour, which is
 * that of the page on a dark screen; all others in grey.
 */
import { hueOfKey, swatchColour } from '../../common/model/hue';
import { byRank } from '../../common/model/tally';
import { OTHERS, rgbOf, type Rgb } from '../cli/screen/colour';
import { sizeOf, type Slot } from './timeline';

/** More would not fit below a picture, and could not be told apart. */
const COLOURED = 7;

interface LegendEntry {
  readonly key: string;
  readonly rgb: Rgb;
  /** Of all that is on the screen, 0..1. */
  readonly share: number;
}

export interface Legend {
  readonly entries: readonly LegendEntry[];
  /** Share of keys without a colour of their own. */
  readonly others: number;
  colourOf(key: string): Rgb;
}

export function legendOf(slots: readonly (Slot | undefined)[]): Legend {
  const totals = new Map<string, number>();
  for (const slot of slots) {
    for (const [key, amount] of slot?.amounts ?? []) totals.set(key, (totals.get(key) ?? 0) + sizeOf(amount));
  }
  const sum = [...totals.values()].reduce((s, n) => s + n, 0) || 1;
  const entries = [...totals]
    .sort(byRank)
    .slice(0, COLOURED)
    .map(([key, n]) => ({ key, rgb: rgbOf(swatchColour(hueOfKey(key), 'dark')), share: n / sum }));
  const colours = new Map(entries.map(({ key, rgb }) => [key, rgb]));
  return {
    entries,
    others: Math.max(0, 1 - entries.reduce((s, e) => s + e.share, 0)),
    colourOf: (key) => colours.get(key) ?? OTHERS,
  };
}
