/*
 * Points → counts in the cells of a picture, column by second, row by value. In: points, an axis, a number of rows.
 * Out: one layer of counts. A bucket that spans several rows is shared among them by the part in each: counts are conserved.
 * Next: shade.ts.
 */
import type { Point } from './history.ts';
import { positionsOf, type ValueAxis } from './value-axis.ts';
import type { Slice } from './slice.ts';

/** Row 0 is the lowest; cell (column, row) is counts[column * rows + row]. */
export interface Layer {
  readonly columns: number;
  readonly rows: number;
  readonly counts: Float64Array;
}

export function emptyLayer(columns: number, rows: number): Layer {
  return { columns, rows, counts: new Float64Array(columns * rows) };
}

export function layerOf(
  points: readonly (Point | undefined)[],
  sliceOfPoint: (point: Point) => Slice | undefined,
  axis: ValueAxis,
  rows: number,
): Layer {
  const layer = emptyLayer(points.length, rows);
  const position = positionsOf(axis);
  points.forEach((point, column) => {
    const slice = point === undefined ? undefined : sliceOfPoint(point);
    if (slice !== undefined) fillColumn(layer.counts, column * rows, rows, slice.triples, position);
  });
  return layer;
}

function fillColumn(
  counts: Float64Array,
  offset: number,
  rows: number,
  triples: Float64Array,
  position: (value: number) => number,
): void {
  for (let i = 0; i < triples.length; i += 3) {
    const lo = triples[i] ?? 0;
    const weight = triples[i + 2] ?? 0;
    // The upper bound is inclusive: the bucket ends one raw unit above it.
    const from = position(lo) * rows;
    const to = Math.max(position((triples[i + 1] ?? lo) + 1) * rows, from + 1e-9);
    const first = Math.floor(from);
    const last = Math.ceil(to) - 1;
    for (let row = Math.max(0, first); row <= Math.min(rows - 1, last); row++) {
      const part = (Math.min(to, row + 1) - Math.max(from, row)) / (to - from);
      counts[offset + row] = (counts[offset + row] ?? 0) + weight * part;
    }
    // What lies outside stays visible at the rim instead of vanishing.
    if (last < 0) counts[offset] = (counts[offset] ?? 0) + weight;
    if (first >= rows) counts[offset + rows - 1] = (counts[offset + rows - 1] ?? 0) + weight;
  }
}

/** What of `total` is in none of the others; rounding may not leave dust behind. */
export function remainder(total: Layer, others: readonly Layer[]): Layer {
  const counts = total.counts.map((n, i) => {
    const rest = others.reduce((left, other) => left - (other.counts[i] ?? 0), n);
    return rest < 0.001 ? 0 : rest;
  });
  return { ...total, counts };
}
