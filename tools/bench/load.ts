/*
 * The load for comparing encodings. In: how many nodes and instrumentations. Out: reports as instrumenters
 * make them: distributions of 40 buckets around two humps, the same at each call.
 */
import type { Report } from '../../common/wire/data';
import { fromCounts, type Distribution } from '../../common/model/distribution';

/** Numbers from 0 to 2^32 - 1 that look random; Marsaglia, "Xorshift RNGs", 2003. */
export function xorshift(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Exactly `buckets` buckets, most of them near 400 and 520 (0.3 ms and 6 ms), counts from 1 to 300. */
export function humps(next: () => number, buckets: number): Distribution {
  const counts = new Map<number, number>();
  while (counts.size < buckets) {
    const centre = next() % 3 === 0 ? 520 : 400;
    const bucket = centre + (next() % buckets) + (next() % buckets) - buckets;
    counts.set(bucket, 1 + (next() % 18) * (next() % 18));
  }
  return fromCounts(counts);
}

/** reportsOf(node)[i]: node's value of instrumentation i. */
export function load(nodes: number, instrumentations: number, buckets: number): Report[][] {
  const next = xorshift(20110317);
  return Array.from({ length: nodes }, () =>
    Array.from({ length: instrumentations }, (_, i) => ({
      fqid: `global;${i}`,
      lost: 0,
      value: { shape: 'distribution' as const, distribution: humps(next, buckets) },
    })),
  );
}
