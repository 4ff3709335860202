/*
 * Bounds for receivers that cannot use our grid: fixed for the life of an instrumentation, each the end of one of our
 * buckets, so that counts stay exact. In: decades, and steps per decade. Out: buckets that end at a bound, and histograms.
 */
import type { Grid } from '../../model/bucket';
import { LOG_GRID } from '../../model/bucket';
import { invalid } from '../../service/errors';
import {
  breakdownOf,
  gridOfInstrumentation,
  type ExportBounds,
  type Instrumentation,
} from '../../model/instrumentation';
import type { TypeName } from '../../model/field';
import type { HistogramValue, NativeHistogram } from '../metrics/family';
import { Edges } from '../promql/histogram';
import { unitOf } from '../naming';

export interface Bounds {
  /** Buckets of the grid that end at a bound; ascending. */
  readonly buckets: readonly number[];
  /** The bounds in display units, inclusive. */
  readonly uppers: readonly number[];
  /** Greatest number of series of one instrumentation; further keys are added to "(other)". */
  readonly keys: number;
}

const EXPORT_KEYS = 20;
const POWER_MAX = 15;

/** Default ranges in raw values, which cover most disks, calls and packets. */
const DECADES: Partial<Record<TypeName, readonly [from: number, to: number]>> = {
  time: [1e3, 1e10],
  size: [1, 1e9],
  number: [1, 1e6],
};

/** Throws an INVALID error for an invalid range. */
export function boundsOf(
  asked: ExportBounds,
  type: TypeName,
  grid: Grid,
  perUnit: number,
  steps: 9 | 90,
): Bounds {
  const buckets =
    grid === LOG_GRID ? decades(asked, type, asked.steps ?? steps) : every(grid, asked.steps ?? steps);
  const { rights } = new Edges(grid, perUnit);
  return { buckets, uppers: buckets.map((bucket) => rights[bucket] ?? 0), keys: asked.keys ?? EXPORT_KEYS };
}

function decades({ from, to }: ExportBounds, type: TypeName, steps: 9 | 90): number[] {
  const [least, most] = DECADES[type] ?? [1, 1e6];
  const [low, high] = [powerOf(from ?? least, 'from'), powerOf(to ?? most, 'to')];
  if (high <= low) throw invalid('export', 'must have a "to" above its "from"');
  const ends: number[] = low > 0 ? [10 ** low - 1] : [];
  for (let k = low; k < high; k++) {
    // Values below 10 have a bucket each, so there are no finer steps.
    if (steps === 9 || k === 0) for (let d = 2; d <= 10; d++) ends.push(d * 10 ** k - 1);
    else for (let d = 11; d <= 100; d++) ends.push(d * 10 ** (k - 1) - 1);
  }
  return ends.map((end) => LOG_GRID.bucketOf(end));
}

function powerOf(value: number, name: string): number {
  const power = Math.round(Math.log10(value));
  if (10 ** power !== value || power < 0 || power > POWER_MAX) {
    throw invalid(
      'export',
      `must have a power of ten from 1 to 1e${POWER_MAX} as "${name}", in raw units (nanoseconds, bytes)`,
    );
  }
  return power;
}

function every(grid: Grid, steps: 9 | 90): number[] {
  const step = steps === 9 ? 10 : 1;
  return Array.from({ length: Math.ceil(grid.size / step) - 1 }, (_, i) => (i + 1) * step - 1);
}

/** The same for an existing or requested instrumentation. */
export function exportBounds(
  asked: ExportBounds,
  i: Pick<Instrumentation, 'decomposition' | 'fields'>,
  steps: 9 | 90,
): Bounds {
  const { numeric } = breakdownOf(i);
  const type = numeric === undefined ? 'number' : (i.fields[numeric] ?? 'number');
  return boundsOf(asked, type, gridOfInstrumentation(i), unitOf(type).per, steps);
}

/** Counts in each interval between bounds; the last is above all bounds. */
export function intervals(counts: ArrayLike<number>, { buckets }: Bounds): number[] {
  const found = new Array<number>(buckets.length + 1).fill(0);
  let at = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    while (at < buckets.length && bucket > (buckets[at] ?? Infinity)) at++;
    found[at] = (found[at] ?? 0) + (counts[bucket] ?? 0);
  }
  return found;
}

/** Counts by bucket of a grid as a classic histogram, with the same in exponential buckets beside it. */
export function histogramValue(
  counts: ArrayLike<number>,
  bounds: Bounds,
  grid: Grid,
  perUnit: number,
): HistogramValue {
  const parts = intervals(counts, bounds);
  let total = 0;
  const cumulative = parts.map((count) => (total += count));
  cumulative.pop();
  return {
    bounds: bounds.uppers,
    cumulative,
    count: total,
    sum: sumOf(counts, grid) / perUnit,
    native: nativeOf(counts, grid, perUnit),
  };
}

/** Estimated from the middle of each bucket: the values themselves are not kept. */
export function sumOf(counts: ArrayLike<number>, grid: Grid): number {
  let sum = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count > 0) sum += (count * (grid.floorOf(bucket) + grid.ceilOf(bucket))) / 2;
  }
  return sum;
}

/** The coarsest schema whose buckets hold the middle of at most one of ours each. */
const SCHEMA = 7;

export function nativeOf(counts: ArrayLike<number>, grid: Grid, perUnit: number): NativeHistogram {
  const found = new Map<number, number>();
  let zeroCount = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] ?? 0;
    if (!(count > 0)) continue;
    const middle = (grid.floorOf(bucket) + grid.ceilOf(bucket)) / 2 / perUnit;
    if (middle === 0) zeroCount += count;
    else {
      const index = Math.ceil(Math.log2(middle) * 2 ** SCHEMA);
      found.set(index, (found.get(index) ?? 0) + count);
    }
  }
  return {
    schema: SCHEMA,
    zeroThreshold: 2 ** -128,
    zeroCount,
    buckets: [...found].sort(([a], [b]) => a - b),
  };
}
