/*
 * Points → counts in the cells of a picture, column by second, row by value. In: points, an axis, a number of rows.
 * Out: one layer of counts. A bucket that spans several rows is shared among them by the part in each: counts are conserved.
 * Next: shade.ts.
 */
import type { Point } from './history.ts';
import { positionsOf, type ValueAxis } from '../plot/value-axis.ts';
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
    if (slice === undefined || slice.triples.length === 0) return;
    const placed = placedIn(slice, axis, rows, position);
    const offset = column * rows;
    for (let i = 0; i < placed.length; i += 2) layer.counts[offset + (placed[i] ?? 0)] = placed[i + 1] ?? 0;
  });
  return layer;
}

/** Row, count, row, count, …: most rows are empty. */
type Placed = Float64Array;

/** A second that is over changes no more, and is drawn again each second that it is in the window: placed once. */
const known = new WeakMap<Slice, { readonly on: string; readonly placed: Placed }>();

function placedIn(slice: Slice, axis: ValueAxis, rows: number, position: (value: number) => number): Placed {
  const on = `${axis.kind} ${axis.min} ${axis.max} ${rows}`;
  const before = known.get(slice);
  if (before?.on === on) return before.placed;
  const counts = columnOf(slice.triples, rows, position);
  const pairs: number[] = [];
  counts.forEach((n, row) => {
    if (n > 0) pairs.push(row, n);
  });
  const placed = Float64Array.from(pairs);
  known.set(slice, { on, placed });
  return placed;
}

function columnOf(triples: Float64Array, rows: number, position: (value: number) => number): Float64Array {
  const counts = new Float64Array(rows);
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
      counts[row] = (counts[row] ?? 0) + weight * part;
    }
    // What lies outside stays visible at the rim instead of vanishing.
    if (last < 0) counts[0] = (counts[0] ?? 0) + weight;
    if (first >= rows) counts[rows - 1] = (counts[rows - 1] ?? 0) + weight;
  }
  return counts;
}

/** What of `total` is in none of the others; rounding may not leave dust behind. */
export function remainder(total: Layer, others: readonly Layer[]): Layer {
  // Loops, not callbacks: 12,000 cells and a dozen layers each second.
  const counts = total.counts.slice();
  for (const other of others) {
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] ?? 0) - (other.counts[i] ?? 0);
  }
  for (let i = 0; i < counts.length; i++) if ((counts[i] ?? 0) < 0.001) counts[i] = 0;
  return { ...total, counts };
}
