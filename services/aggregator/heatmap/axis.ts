/*
 * The vertical axis: the rows of the picture for a bucket's counts, and the share of each row. In: the grid, and the
 * part of it that is drawn. Out: for each bucket its first and last row and the share of the count in each.
 *
 * Rows are equal steps of [min, max), or whole buckets (common/model/axis.ts), bottom row 0. A bucket's count is spread
 * evenly over its range: the shares add up to 1, except for what lies outside of the picture.
 */
import { edgeOf, type ValueAxis } from '../../../common/model/axis';
import type { Grid } from '../../../common/model/bucket';

export interface Axis {
  readonly value: ValueAxis;
  readonly rows: number;
  /** By bucket; -1: outside of the picture. */
  readonly first: Int16Array;
  readonly last: Int16Array;
  /** By bucket: share of the count in the first row, in each full row between, and in the last row. */
  readonly firstShare: Float64Array;
  readonly midShare: Float64Array;
  readonly lastShare: Float64Array;
}

/**
 * Cuts of rows that miss a bucket's edge by less than this part of the bucket are on it: 0.1 is not exact in binary.
 * A part of the bucket, not of the row: under a high ymax a whole bucket may be narrower than any fixed tolerance.
 */
const SNAP = 1e-6;

export function layOutAxis(grid: Grid, value: ValueAxis, weighted: boolean): Axis {
  const { min: ymin, max: ymax, rows, edges } = value;
  const axis = {
    value,
    rows,
    first: new Int16Array(grid.size).fill(-1),
    last: new Int16Array(grid.size).fill(-1),
    firstShare: new Float64Array(grid.size),
    midShare: new Float64Array(grid.size),
    lastShare: new Float64Array(grid.size),
  };
  const weightOf = (floor: number, end: number): number => (weighted ? floor + (end - 1 - floor) / 2 : 1);
  if (edges !== undefined) {
    for (let bucket = grid.bucketOf(ymin), row = 0; bucket < grid.size; bucket++) {
      const floor = grid.floorOf(bucket);
      if (floor >= ymax) break;
      while (edgeOf(value, row + 1) <= floor) row++;
      axis.first[bucket] = axis.last[bucket] = row;
      axis.firstShare[bucket] = weightOf(floor, grid.ceilOf(bucket) + 1);
    }
    return axis;
  }
  const perRow = (ymax - ymin) / rows;
  for (let bucket = 0; bucket < grid.size; bucket++) {
    const floor = grid.floorOf(bucket);
    const end = grid.ceilOf(bucket) + 1;
    if (floor >= ymax) break;
    if (end <= ymin) continue;
    const tolerance = (SNAP * (end - floor)) / perRow;
    const low = snap((floor - ymin) / perRow, tolerance);
    const high = snap((end - ymin) / perRow, tolerance);
    const first = Math.max(Math.floor(low), 0);
    const last = Math.min(Math.ceil(high) - 1, rows - 1);
    const weight = weightOf(floor, end);
    const share = (row: number): number =>
      (weight * (Math.min(high, row + 1) - Math.max(low, row))) / (high - low);
    axis.first[bucket] = first;
    axis.last[bucket] = last;
    axis.firstShare[bucket] = share(first);
    axis.midShare[bucket] = weight / (high - low);
    axis.lastShare[bucket] = share(last);
  }
  return axis;
}

function snap(x: number, tolerance: number): number {
  const whole = Math.round(x);
  return Math.abs(x - whole) < tolerance ? whole : x;
}

/** How much of the counts by bucket lies below and above the picture. */
export function outsideOf(
  grid: Grid,
  { min, max }: ValueAxis,
  counts: Float64Array,
): { below: number; above: number } {
  let [below, above] = [0, 0];
  for (let bucket = 0; bucket < grid.size; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count === 0) continue;
    const floor = grid.floorOf(bucket);
    const end = grid.ceilOf(bucket) + 1;
    below += (count * Math.min(Math.max(min - floor, 0), end - floor)) / (end - floor);
    above += (count * Math.min(Math.max(end - max, 0), end - floor)) / (end - floor);
  }
  return { below, above };
}
