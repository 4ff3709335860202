/*
 * What is over-represented in a box of a heatmap (a time range × a range of values), against the rest of the time range.
 * In: slots, and the box. Out: keys, ranked, with their shares inside and outside and a test of significance.
 *
 * The statistic is G, the log-likelihood ratio of the 2×2 table (this key or another, inside or outside), 2 Σ O ln(O/E):
 * Sokal & Rohlf, Biometry, 17.4; Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993. It weighs
 * how much more often a key occurs inside by how much evidence there is, and unlike Pearson's χ² it keeps to its distribution
 * where a cell expects few: two events of a rare key do not beat 900 of a common one. Williams' correction makes it
 * cautious with small counts. p comes from χ² with one degree of freedom and is adjusted for the number of keys
 * (Holm 1979, which needs no independence: shares of keys add up to 1). Events of a burst depend on each other, so p is
 * a bound for chance alone, not a probability that the key is the cause.
 */
import type { SpecialKey } from '../../../common/api/special';
import type { Grid } from '../../../common/model/bucket';
import { OTHER } from '../../../common/model/tally';
import type { Row } from './cells';
import type { Slot } from './slot';

export interface Box {
  /** Seconds since 1970; end is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Raw units; high is exclusive. */
  readonly low: number;
  readonly high: number;
}

export interface SpecialOptions {
  readonly box: Box;
  readonly limit: number;
}

/** `events` can be tested; levels and quantities are only compared by share. */
export interface SpecialKind {
  readonly grid: Grid;
  /** False: no numeric field, so the box is a time range. */
  readonly numeric: boolean;
  readonly keyed: boolean;
  readonly scope: 'interval' | 'point';
  readonly events: boolean;
}

export interface Special {
  readonly inside: number;
  readonly outside: number;
  readonly keys: readonly SpecialKey[];
  /** Number of keys omitted. */
  readonly omitted: number;
  /** Number of keys tested. */
  readonly tested: number;
}

export const ALPHA = 0.01;

interface Tally {
  inside: number;
  all: number;
}

export function makeSpecial(
  kind: SpecialKind,
  { box, limit }: SpecialOptions,
): { add: (slot: Slot) => void; result: () => Special } {
  const shares = kind.numeric ? sharesOf(kind.grid, box) : undefined;
  const tallies = new Map<string, Tally>();
  const slots = { inside: 0, all: 0 };
  return {
    add: (slot) => {
      const within = slot.time >= box.start && slot.time < box.end;
      slots.all++;
      if (within) slots.inside++;
      slot.each((key, row) => {
        const tally = tallies.get(key) ?? { inside: 0, all: 0 };
        tallies.set(key, tally);
        tally.all += countOf(row);
        if (within) tally.inside += shares === undefined ? countOf(row) : countOf(row, shares);
      });
    },
    result: () => {
      // A level is not added up over time: use its mean.
      const [per, perOutside] =
        kind.scope === 'interval'
          ? [1, 1]
          : [Math.max(slots.inside, 1), Math.max(kind.numeric ? slots.all : slots.all - slots.inside, 1)];
      const whole = kind.scope === 'interval' ? Math.round : rounded;
      const counts = [...tallies].map(([key, { inside, all }]) => ({
        key,
        inside: whole(inside / per),
        outside: Math.max(0, whole((all - inside) / perOutside)),
      }));
      return ranked(counts, kind, limit);
    },
  };
}

interface Count {
  readonly key: string;
  readonly inside: number;
  readonly outside: number;
}

function ranked(counts: readonly Count[], kind: SpecialKind, limit: number): Special {
  const total = { inside: 0, outside: 0 };
  for (const { inside, outside } of counts) {
    total.inside += inside;
    total.outside += outside;
  }
  // "(other)" is many keys: it counts with the rest and has no rank.
  const keys = kind.keyed
    ? counts.filter(({ key, inside, outside }) => key !== OTHER && inside + outside > 0)
    : [];
  const rows = keys.map((count) => compare(count, total, kind.events));
  rows.sort(
    (a, b) =>
      (kind.events ? (b.g ?? 0) - (a.g ?? 0) : gain(b) - gain(a)) ||
      b.inside - a.inside ||
      (a.key < b.key ? -1 : 1),
  );
  const shown = (kind.events ? adjusted(rows) : rows).slice(0, limit);
  return {
    ...total,
    keys: shown,
    omitted: rows.length - shown.length,
    tested: kind.events ? rows.length : 0,
  };
}

const gain = ({ share_inside, share_outside }: SpecialKey): number => share_inside - share_outside;

function compare({ key, inside, outside }: Count, total: Omit<Count, 'key'>, events: boolean): SpecialKey {
  const shareInside = total.inside > 0 ? inside / total.inside : 0;
  const shareOutside = total.outside > 0 ? outside / total.outside : 0;
  const over = shareInside >= shareOutside;
  const g = events ? gOf(inside, outside, total.inside - inside, total.outside - outside) : 0;
  return {
    key,
    inside,
    outside,
    share_inside: rounded(shareInside, 6),
    share_outside: rounded(shareOutside, 6),
    ratio: shareOutside > 0 ? rounded(shareInside / shareOutside) : null,
    ...(events ? { g: over ? g : -g } : {}),
  };
}

/** G of a 2×2 table with Williams' correction; 0 if a row or a column is empty. */
export function gOf(a: number, b: number, c: number, d: number): number {
  const n = a + b + c + d;
  const [rows, columns] = [
    [a + b, c + d],
    [a + c, b + d],
  ] as const;
  if ([...rows, ...columns].some((sum) => sum <= 0)) return 0;
  const term = (observed: number, row: number, column: number): number =>
    observed > 0 ? observed * Math.log((observed * n) / (row * column)) : 0;
  const g =
    2 *
    (term(a, rows[0], columns[0]) +
      term(b, rows[0], columns[1]) +
      term(c, rows[1], columns[0]) +
      term(d, rows[1], columns[1]));
  const q = 1 + ((n / rows[0] + n / rows[1] - 1) * (n / columns[0] + n / columns[1] - 1)) / (6 * n);
  // Rounding may make G of equal shares slightly negative.
  return Math.max(0, g) / q;
}

/** Holm: the k-th smallest p of m is multiplied by m - k + 1, then made monotonic. */
function adjusted(rows: readonly SpecialKey[]): SpecialKey[] {
  const order = rows
    .map((row, i) => ({ i, p: chiSquareTail(Math.abs(row.g ?? 0)) }))
    .sort((a, b) => a.p - b.p);
  const ps = new Float64Array(rows.length);
  let least = 0;
  order.forEach(({ i, p }, rank) => {
    least = Math.max(least, Math.min(1, (rows.length - rank) * p));
    ps[i] = least;
  });
  return rows.map((row, i) => {
    const p = Number((ps[i] ?? 1).toPrecision(3));
    const g = row.g ?? 0;
    return { ...row, g: rounded(g), p, significant: g > 0 && p < ALPHA };
  });
}

/** Probability that χ² with one degree of freedom is x or more: erfc(√(x/2)). */
export function chiSquareTail(x: number): number {
  return erfc(Math.sqrt(x / 2));
}

/** Of z ≥ 0; Chebyshev fit of Numerical Recipes (erfcc), relative error below 1.2e-7 everywhere. */
function erfc(z: number): number {
  const t = 1 / (1 + 0.5 * z);
  const terms = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
    1.00002368, -1.26551223,
  ];
  const sum = terms.reduce((so_far, term) => so_far * t + term, 0);
  return Math.min(1, t * Math.exp(-z * z + sum));
}

/** Fraction of each bucket that lies in the box: a bucket's values are spread evenly, as in pictures. */
function sharesOf(grid: Grid, { low, high }: Box): Float64Array {
  return Float64Array.from({ length: grid.size }, (_, bucket) => {
    const floor = grid.floorOf(bucket);
    const end = grid.ceilOf(bucket) + 1;
    return Math.max(0, Math.min(end, high) - Math.max(floor, low)) / (end - floor);
  });
}

function countOf({ buckets, counts, from, to }: Row, shares?: Float64Array): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    sum += (counts[i] ?? 0) * (shares === undefined ? 1 : (shares[buckets[i] ?? 0] ?? 0));
  }
  return sum;
}

function rounded(value: number, digits = 3): number {
  const factor = 10 ** digits;
  return Math.round(factor * value) / factor;
}
