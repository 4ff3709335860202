/*
 * The vertical axis of a heatmap: value ⇄ height. In: a range of values, linear or logarithmic. Out: rows with their
 * edges, and positions from 0 (bottom) to 1 (top). Painting and hit testing both use them.
 *
 * The rows of a logarithmic axis are whole buckets of the grid, all of equal height: no count is split, and no
 * moiré appears between rows and buckets. Its edges are round numbers, 24 to a decade at most (1, 1.1, 1.2, 1.3, 1.5,
 * 1.6, 1.8, 2, …), which is as fine as the grid is at the bottom of a decade.
 */
import type { Grid } from './bucket';

export const SCALES = ['linear', 'log'] as const;
export type Scale = (typeof SCALES)[number];

/** Raw units; the top is exclusive. */
export interface ValueAxis {
  readonly scale: Scale;
  readonly min: number;
  readonly max: number;
  readonly rows: number;
  /** Logarithmic axis only: the lower edge of each row, ascending, then the top. Rows of a linear axis are equally high. */
  readonly edges?: readonly number[];
}

export function linearAxis(min: number, max: number, rows: number): ValueAxis {
  return { scale: 'linear', min, max, rows };
}

const PER_DECADE = [24, 12, 6, 3, 1];
/** Values end below 10^15. */
const DECADES = 15;

/** At most `rows` rows; both ends are extended to bucket edges. */
export function logAxis(grid: Grid, min: number, max: number, rows: number): ValueAxis {
  const low = grid.floorOf(grid.bucketOf(min));
  const high = Math.max(grid.ceilOf(grid.bucketOf(max - 1)) + 1, low + 1);
  const inside = (perDecade: number): number[] =>
    roundValues(perDecade)
      .map((value) => grid.floorOf(grid.bucketOf(value)))
      .filter((value) => value > low && value < high);
  for (const perDecade of PER_DECADE) {
    const edges = [...new Set([low, ...inside(perDecade), high])];
    if (edges.length - 1 <= rows) return logOf(edges);
  }
  return logOf([low, high]);
}

/** A logarithmic axis with precomputed edges. */
function logOf(edges: readonly number[]): ValueAxis {
  return {
    scale: 'log',
    min: edges[0] ?? 0,
    max: edges[edges.length - 1] ?? 1,
    rows: edges.length - 1,
    edges,
  };
}

/** Values of two significant digits, at about equal logarithmic steps. */
function roundValues(perDecade: number): number[] {
  const values: number[] = [];
  for (let decade = 0; decade < DECADES; decade++) {
    for (let i = 0; i < perDecade; i++) {
      const digits = Math.round(10 ** (1 + i / perDecade));
      values.push(decade === 0 ? Math.floor(digits / 10) : digits * 10 ** (decade - 1));
    }
  }
  return [...new Set(values)];
}

/** Lower edge of a row; for row `rows`, the top of the axis. */
export function edgeOf(axis: ValueAxis, row: number): number {
  return axis.edges?.[row] ?? axis.min + ((axis.max - axis.min) * row) / axis.rows;
}

/** 0 at the bottom, 1 at the top. Values outside are below 0 or above 1 on a linear axis, and clamped on a logarithmic one. */
export function positionOf(axis: ValueAxis, value: number): number {
  const { edges, min, max, rows } = axis;
  if (edges === undefined) return (value - min) / (max - min);
  if (value <= min) return 0;
  if (value >= max) return 1;
  let [low, high] = [0, rows];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  const [from, to] = [edgeOf(axis, low), edgeOf(axis, low + 1)];
  return (low + (value - from) / (to - from)) / rows;
}

export function valueAt(axis: ValueAxis, position: number): number {
  if (axis.edges === undefined) return axis.min + position * (axis.max - axis.min);
  const at = Math.min(Math.max(position, 0), 1) * axis.rows;
  const row = Math.min(Math.floor(at), axis.rows - 1);
  const [from, to] = [edgeOf(axis, row), edgeOf(axis, row + 1)];
  return from + (at - row) * (to - from);
}
