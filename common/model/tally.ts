/*
 * Counts by key and bucket, and keeps the largest keys. In: (key, bucket, count), in any order. Out: a value. A value
 * with too many keys keeps the largest, and "(other)" holds the rest, so that the total stays exact.
 *
 * Which keys are the largest is decided here alone, with ties by name: nodes, aggregators, pictures and tables agree. The
 * aggregator's cells (services/aggregator/dataset/cells.ts) do the same in typed arrays; a test checks that they agree.
 */
import { addDistributions, fromCounts, totalCount, type Distribution } from './distribution';
import type { Shape, Value } from './value';

/** Where keys beyond a limit are added together. A real key of that name is added to them. */
export const OTHER = '(other)';

type Ranked = readonly [key: string, size: number];

/** Compares for sorting: larger sizes first; equal sizes by name. */
export function byRank(a: Ranked, b: Ranked): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
}

/** The `limit` largest, largest first, equal sizes by name; in one pass, because most keys are smaller than these. */
export function largestOf(
  keys: ReadonlyMap<string, number>,
  limit: number,
  isWanted: (key: string) => boolean,
): Ranked[] {
  const best: Ranked[] = [];
  const isBefore = (a: Ranked, b: Ranked): boolean => byRank(a, b) < 0;
  for (const entry of keys) {
    const last = best[best.length - 1];
    if (best.length >= limit && (last === undefined || !isBefore(entry, last))) continue;
    if (!isWanted(entry[0])) continue;
    let [low, high] = [0, best.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(best[middle] ?? entry, entry)) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, entry);
    if (best.length > limit) best.pop();
  }
  return best;
}

export class Tally {
  private readonly shape: Shape;
  /** key ('' without a discrete field) -> bucket (0 without a numeric one) -> sum. */
  private sums = new Map<string, Map<number, number>>();

  constructor(shape: Shape) {
    this.shape = shape;
  }

  add(key: string, bucket: number, count: number): void {
    let counts = this.sums.get(key);
    if (counts === undefined) this.sums.set(key, (counts = new Map<number, number>()));
    counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }

  /** The sum of what was added since the last take. A number may be 0 ("sda": 0 means that sda exists); the count of a bucket may not. */
  take(): Value {
    const { shape, sums } = this;
    this.sums = new Map();
    switch (shape) {
      case 'number':
        return { shape, number: sums.get('')?.get(0) ?? 0 };
      case 'keyed':
        return { shape, numbers: new Map([...sums].map(([key, counts]) => [key, counts.get(0) ?? 0])) };
      case 'distribution':
        return { shape, distribution: fromCounts(sums.get('') ?? []) };
      case 'keyed-distribution':
        return {
          shape,
          distributions: new Map([...sums].map(([key, counts]) => [key, fromCounts(counts)])),
        };
    }
  }
}

/** At most `limit` keys, including "(other)" when keys were folded. A value with fewer keys is returned unchanged. */
export function largestKeys(value: Value, limit: number): Value {
  switch (value.shape) {
    case 'keyed': {
      const { shape, numbers } = value;
      return numbers.size <= limit ? value : { shape, numbers: reduced(numbers, limit, (n) => n, plus) };
    }
    case 'keyed-distribution': {
      const { shape, distributions } = value;
      if (distributions.size <= limit) return value;
      return { shape, distributions: reduced(distributions, limit, totalCount, addDistributions) };
    }
    default:
      return value;
  }
}

const plus = (a: number, b: number): number => a + b;

function reduced<T extends number | Distribution>(
  all: ReadonlyMap<string, T>,
  limit: number,
  sizeOf: (value: T) => number,
  sum: (a: T, b: T) => T,
): ReadonlyMap<string, T> {
  const ranked = [...all]
    .filter(([key]) => key !== OTHER)
    .map(([key, value]) => ({ key, value, rank: [key, sizeOf(value)] as const }))
    .sort((a, b) => byRank(a.rank, b.rank));
  const kept = new Map(ranked.slice(0, limit - 1).map(({ key, value }) => [key, value]));
  let rest = all.get(OTHER);
  for (const { value } of ranked.slice(limit - 1)) rest = rest === undefined ? value : sum(rest, value);
  if (rest !== undefined) kept.set(OTHER, rest);
  return kept;
}
