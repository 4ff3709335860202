/*
 * What an instrumentation yields for a second: one of four shapes, each with a zero and an add.
 * Everything else (datasets, retention, merging nodes) is built on these two. Next: services/instrumenter/metrics.
 */
import {
  addDistributions,
  EMPTY,
  toRanges,
  totalCount,
  type Distribution,
  type RangeCount,
} from './distribution';
import type { Grid } from './bucket';

/** Keys are hostile text (a process may be called "__proto__"): only Map holds them, never an object. */
export type Value =
  | { readonly shape: 'number'; readonly number: number }
  | { readonly shape: 'keyed'; readonly numbers: ReadonlyMap<string, number> }
  | { readonly shape: 'distribution'; readonly distribution: Distribution }
  | { readonly shape: 'keyed-distribution'; readonly distributions: ReadonlyMap<string, Distribution> };

export type Shape = Value['shape'];

/** What the API prints: number, {key: number}, ranges, {key: ranges}. */
export type PlainValue =
  | number
  | Readonly<Record<string, number>>
  | readonly RangeCount[]
  | Readonly<Record<string, readonly RangeCount[]>>;

/** The shape follows from the decomposition alone. */
export function shapeOf(decomposition: { discrete: boolean; numeric: boolean }): Shape {
  if (decomposition.numeric) return decomposition.discrete ? 'keyed-distribution' : 'distribution';
  return decomposition.discrete ? 'keyed' : 'number';
}

export function zero(shape: Shape): Value {
  switch (shape) {
    case 'number':
      return { shape, number: 0 };
    case 'keyed':
      return { shape, numbers: new Map() };
    case 'distribution':
      return { shape, distribution: EMPTY };
    case 'keyed-distribution':
      return { shape, distributions: new Map() };
  }
}

/** The sum of two values of one shape; throws a TypeError when the shapes differ. */
export function add(a: Value, b: Value): Value {
  if (a.shape === 'number' && b.shape === 'number') return { shape: 'number', number: a.number + b.number };
  if (a.shape === 'keyed' && b.shape === 'keyed') {
    return { shape: 'keyed', numbers: merge(a.numbers, b.numbers, (x, y) => x + y) };
  }
  if (a.shape === 'distribution' && b.shape === 'distribution') {
    return { shape: 'distribution', distribution: addDistributions(a.distribution, b.distribution) };
  }
  if (a.shape === 'keyed-distribution' && b.shape === 'keyed-distribution') {
    return {
      shape: 'keyed-distribution',
      distributions: merge(a.distributions, b.distributions, addDistributions),
    };
  }
  throw new TypeError(`cannot add a ${b.shape} to a ${a.shape}`);
}

/** Total number of events in the value; for quantities, the total quantity. */
export function totalOf(value: Value): number {
  switch (value.shape) {
    case 'number':
      return value.number;
    case 'keyed':
      return [...value.numbers.values()].reduce((sum, n) => sum + n, 0);
    case 'distribution':
      return totalCount(value.distribution);
    case 'keyed-distribution':
      return [...value.distributions.values()].reduce((sum, d) => sum + totalCount(d), 0);
  }
}

/** The API's form. The grid is the numeric field's; shapes without a distribution need none. */
export function toPlain(value: Value, grid: Grid): PlainValue {
  switch (value.shape) {
    case 'number':
      return value.number;
    case 'keyed':
      return Object.fromEntries(value.numbers);
    case 'distribution':
      return toRanges(value.distribution, grid);
    case 'keyed-distribution':
      return Object.fromEntries([...value.distributions].map(([key, d]) => [key, toRanges(d, grid)]));
  }
}

function merge<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  plus: (x: T, y: T) => T,
): ReadonlyMap<string, T> {
  if (a.size === 0) return b;
  const sum = new Map(a);
  for (const [key, y] of b) {
    const x = sum.get(key);
    sum.set(key, x === undefined ? y : plus(x, y));
  }
  return sum;
}
