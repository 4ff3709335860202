/*
 * A slice: how many events, and how they spread over values; of one second, one key, or any sum of such.
 * In: the API's plain values. Out: counts as flat triples (lowest, highest, count), ascending, cheap to keep for hours.
 */
import type { PlainValue, Ranges } from '../answers.ts';

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
