/*
 * Which seconds a panel shows. In: its state, the instrumentation, the servers' clock. Out: a span of whole slots, and
 * where scrolling leads. Pure.
 */
import type { Instrumentation } from '../model/answers.ts';
import { MAX_COLUMNS } from '../model/values/heatmap-query.ts';
import { windowsFor } from '../plot/time-axis.ts';
import type { PanelState } from '../model/url-state.ts';

/** How long a panel looks back unless told otherwise, in slots, once there is so much to see. */
const SLOTS_AT_FIRST = 120;

type Kept = Pick<Instrumentation, 'granularity' | 'retention-time' | 'crtime'>;

/** Seconds since 1970; end exclusive. Both are whole steps: the granularity, or a multiple where the window is long. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** End of the newest slot that is over. */
  readonly newest: number;
}

export function spanOf(state: Pick<PanelState, 'window' | 'end'>, i: Kept, now: number): Span {
  const window = windowOf(state, i, now);
  const step = Math.ceil(window / i.granularity / MAX_COLUMNS) * i.granularity;
  const newest = Math.floor(now / step) * step;
  const end = state.end === undefined ? newest : Math.min(newest, Math.floor(state.end / step) * step);
  return { start: end - Math.floor(window / step) * step, end, step, newest };
}

/** The smallest window offered that holds the one wanted; a live one of nobody's choice grows with what there is. */
function windowOf({ window, end }: Pick<PanelState, 'window' | 'end'>, i: Kept, now: number): number {
  const windows = windowsFor(i.granularity, i['retention-time']);
  const usual = SLOTS_AT_FIRST * i.granularity;
  const age = end === undefined && i.crtime !== undefined ? now - i.crtime / 1000 : Infinity;
  const least = window ?? Math.min(age, usual);
  return windows.find((w) => w >= least) ?? windows.at(-1) ?? least;
}

/** Where the picture is held after scrolling by so many columns; undefined: it is live again. */
export function scrolled(
  held: number | undefined,
  columns: number,
  { start, end, step }: Pick<Span, 'start' | 'end' | 'step'>,
  retention: number,
  now: number,
): number | undefined {
  const newest = Math.floor(now / step) * step;
  const oldest = newest - retention + (end - start);
  const wanted = (held ?? newest) + columns * step;
  return wanted >= newest ? undefined : Math.max(wanted, Math.min(oldest, newest - step));
}
