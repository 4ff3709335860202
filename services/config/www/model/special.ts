/*
 * "What is special in this box?": keys ranked by how over-represented they are inside it, against the rest of the window.
 * In: the points of a window, a box in time and value. Out: one row per key.
 *
 * Rank is by signed G (the log-likelihood ratio of a 2×2 table, Dunning 1993): a key seen twice inside and never
 * outside does not beat one seen 900 times of 1000 inside, as it would by the bare ratio.
 */
import { countBetween, type Slice } from './slice.ts';
import type { Point } from './history.ts';

export interface Box {
  /** Seconds since 1970; end is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Raw units; high is exclusive. */
  readonly low: number;
  readonly high: number;
}

export interface Special {
  readonly key: string;
  readonly inside: number;
  readonly outside: number;
  /** Share of the key among the box's events, divided by its share among the rest. Infinity: seen only inside. */
  readonly lift: number;
  /** Signed G: positive when over-represented. */
  readonly score: number;
}

export interface BoxSummary {
  readonly inside: number;
  readonly total: number;
  readonly rows: readonly Special[];
}

export function specialIn(points: readonly (Point | undefined)[], box: Box): BoxSummary {
  const inside = new Map<string, number>();
  const whole = new Map<string, number>();
  let insideAll = 0;
  let total = 0;
  for (const point of points) {
    if (point === undefined) continue;
    total += point.all.count;
    const within = point.start >= box.start && point.start < box.end;
    if (within) insideAll += countIn(point.all, box);
    for (const [key, slice] of point.keys) {
      whole.set(key, (whole.get(key) ?? 0) + slice.count);
      if (within) inside.set(key, (inside.get(key) ?? 0) + countIn(slice, box));
    }
  }
  const rows = [...whole].map(([key, all]) => special(key, inside.get(key) ?? 0, all, insideAll, total));
  rows.sort((a, b) => b.score - a.score || b.inside - a.inside || (a.key < b.key ? -1 : 1));
  return { inside: insideAll, total, rows };
}

function countIn(slice: Slice, box: Box): number {
  return slice.triples.length === 0 ? slice.count : countBetween(slice, box.low, box.high);
}

function special(key: string, inside: number, all: number, insideAll: number, total: number): Special {
  const outside = Math.max(0, all - inside);
  const shareIn = insideAll > 0 ? inside / insideAll : 0;
  const shareOut = total > insideAll ? outside / (total - insideAll) : 0;
  const lift = shareIn === 0 ? 0 : shareOut === 0 ? Infinity : shareIn / shareOut;
  const g = gOf(inside, outside, insideAll - inside, total - insideAll - outside);
  return { key, inside, outside, lift, score: shareIn >= shareOut ? g : -g };
}

/** 2 Σ observed · ln(observed / expected) over the four cells. */
function gOf(a: number, b: number, c: number, d: number): number {
  const n = a + b + c + d;
  const term = (observed: number, row: number, column: number): number =>
    observed > 0 && row > 0 && column > 0 ? observed * Math.log((observed * n) / (row * column)) : 0;
  return 2 * (term(a, a + b, a + c) + term(b, a + b, b + d) + term(c, c + d, a + c) + term(d, c + d, b + d));
}
