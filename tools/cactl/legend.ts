/*
 * Which key gets which colour. In: the slots on the screen, and the legend before. Out: the keys with most events, each
 * with a colour that it keeps as long as it stays, and all others in grey.
 */
import { byRank } from '../../common/model/tally';
import { HUES, OTHERS, type Rgb } from '../cli/screen/colour';
import { sizeOf, type Slot } from './timeline';

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

export function legendOf(slots: readonly (Slot | undefined)[], before: Legend | undefined): Legend {
  const totals = new Map<string, number>();
  for (const slot of slots) {
    for (const [key, amount] of slot?.amounts ?? []) totals.set(key, (totals.get(key) ?? 0) + sizeOf(amount));
  }
  const sum = [...totals.values()].reduce((s, n) => s + n, 0) || 1;
  const top = [...totals].sort(byRank).slice(0, HUES.length);
  const kept = new Map<string, Rgb>();
  for (const { key, rgb } of before?.entries ?? []) if (top.some(([k]) => k === key)) kept.set(key, rgb);
  const free = HUES.filter((hue) => ![...kept.values()].includes(hue));
  const entries = top.map(([key, n]) => ({
    key,
    rgb: kept.get(key) ?? free.shift() ?? OTHERS,
    share: n / sum,
  }));
  const colours = new Map(entries.map(({ key, rgb }) => [key, rgb]));
  return {
    entries,
    others: Math.max(0, 1 - entries.reduce((s, e) => s + e.share, 0)),
    colourOf: (key) => colours.get(key) ?? OTHERS,
  };
}
