/*
 * A slice: how many events, and how they spread over values; of one second, one key, or any sum of such.
 * In: the API's plain values. Out: counts as flat triples (lowest, highest, count), ascending, cheap to keep for hours.
 */
import type { PlainValue, Ranges } from './answers.ts';

export interface Slice {
  readonly count: number;
  /** lo, hi (inclusive), count, lo, hi, count, … ascending; empty where there is no numeric field. */
  readonly triples: Float64Array;
}

const NONE = new Float64Array(0);
export const EMPTY: Slice = { count: 0, triples: NONE };

export function sliceOf(value: number | Ranges): Slice {
  if (typeof value === 'number') return { count: value, triples: NONE };
  const triples = new Float64Array(value.length * 3);
  let count = 0;
  value.forEach(([[lo, hi], n], i) => {
    triples.set([lo, hi, n], i * 3);
    count += n;
  });
  return { count, triples };
}

/** By key; a value without a discrete field has the one key ''. */
export function slicesOf(value: PlainValue): {
  readonly all: Slice;
  readonly keys: ReadonlyMap<string, Slice>;
} {
  if (typeof value === 'number' || Array.isArray(value)) {
    return { all: sliceOf(value as number | Ranges), keys: new Map() };
  }
  const keys = new Map(
    Object.entries(value as Readonly<Record<string, number | Ranges>>).map(([key, v]) => [key, sliceOf(v)]),
  );
  return { all: sum([...keys.values()]), keys };
}

/** Buckets with the same bounds are one bucket: all nodes and seconds count on one grid. */
export function sum(slices: readonly Slice[]): Slice {
  const [first] = slices;
  if (first === undefined) return EMPTY;
  if (slices.length === 1) return first;
  const byLow = new Map<number, [number, number]>();
  let count = 0;
  for (const { triples, count: n } of slices) {
    count += n;
    for (let i = 0; i < triples.length; i += 3) {
      const lo = triples[i] ?? 0;
      const entry = byLow.get(lo);
      if (entry === undefined) byLow.set(lo, [triples[i + 1] ?? lo, triples[i + 2] ?? 0]);
      else entry[1] += triples[i + 2] ?? 0;
    }
  }
  const triples = new Float64Array(byLow.size * 3);
  [...byLow]
    .sort(([a], [b]) => a - b)
    .forEach(([lo, [hi, n]], i) => {
      triples.set([lo, hi, n], i * 3);
    });
  return { count, triples };
}

/** How many events lie between two values; a bucket that lies partly inside counts by the part. */
export function countBetween(slice: Slice, low: number, high: number): number {
  const { triples } = slice;
  let count = 0;
  for (let i = 0; i < triples.length; i += 3) {
    const lo = triples[i] ?? 0;
    const top = (triples[i + 1] ?? lo) + 1;
    const inside = Math.min(top, high) - Math.max(lo, low);
    if (inside > 0) count += ((triples[i + 2] ?? 0) * inside) / (top - lo);
  }
  return count;
}

/** The value below which a share p of the events lies, straight within its bucket; undefined when there are none. */
export function percentile(slice: Slice, p: number): number | undefined {
  const { triples, count } = slice;
  if (!(count > 0) || triples.length === 0) return undefined;
  const wanted = p * count;
  let before = 0;
  for (let i = 0; i < triples.length; i += 3) {
    const n = triples[i + 2] ?? 0;
    const lo = triples[i] ?? 0;
    if (n > 0 && before + n >= wanted) {
      const top = (triples[i + 1] ?? lo) + 1;
      return lo + ((top - lo) * Math.max(0, wanted - before)) / n;
    }
    before += n;
  }
  return (triples.at(-2) ?? 0) + 1;
}

/** One past the highest value seen; 0 when nothing was. */
export function topOf(slice: Slice): number {
  return slice.triples.length === 0 ? 0 : (slice.triples.at(-2) ?? 0) + 1;
}
