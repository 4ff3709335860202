/*
 * The range of values of a picture's axis. In: the options, and the values of a time range. Out: an axis.
 *
 * An axis that is asked for by its scale has round ends, shows all that there is (but a thousandth below a logarithmic
 * one), and stays what it was before until the data outgrow it or use less than a third of it: a live picture that
 * follows each second's largest value could not be read.
 */
import { linearAxis, logAxis, type Scale, type ValueAxis } from '../../../common/model/axis';
import { LOG_GRID, type Grid } from '../../../common/model/bucket';
import { autoscale } from './autoscale';
import type { HeatmapOptions } from './options';
import { percentileOf } from './series';

type Wanted = Pick<
  HeatmapOptions,
  'scale' | 'ymin' | 'ymax' | 'height' | 'nbuckets' | 'axisBefore' | 'cells'
>;

export interface Held {
  /** Highest bucket; -1: nothing. */
  readonly highest: number;
  /** Counts by bucket. */
  readonly spread: Float64Array;
}

/** The top of an axis when there is nothing to be seen. */
const NOTHING_SEEN = 1000;
/** Logarithmic where a linear axis would squeeze half of the counts into its lowest twentieth. */
const SQUEEZED = 20;
/** Zeros and clock noise should not cost three decades. */
const BELOW = 0.001;
/** An axis shrinks when the data need less than one part in so many, or so many decades less. */
const ROOMY = { linear: 3, log: 100 };

export function fitAxis(grid: Grid, options: Wanted, held: Held): ValueAxis {
  // A row lower than a pixel could not be drawn.
  const rows = options.cells ? options.nbuckets : Math.min(options.nbuckets, options.height);
  const top = held.highest < 0 ? 0 : grid.ceilOf(held.highest) + 1;
  if (options.scale === undefined) return plainAxis(options, top, rows);
  const scale = options.scale === 'auto' ? suggested(grid, held, top) : options.scale;
  const { min, max } = fitted(grid, scale, options, held, top);
  return scale === 'log' ? logAxis(grid, min, max, rows) : linearAxis(min, max, rows);
}

/** From 0, as the first clients know it. */
function plainAxis({ ymin = 0, ymax }: Wanted, top: number, rows: number): ValueAxis {
  const auto = autoscale(top);
  // When all data lies below ymin, the picture is empty but has a height.
  const max = ymax ?? (auto > ymin || auto === 0 ? auto : autoscale(ymin + 1));
  return linearAxis(ymin, Math.max(max, ymin + 1), rows);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function fitted(grid: Grid, scale: Scale, options: Wanted, held: Held, top: number): Range {
  const { ymin, ymax, axisBefore: before } = options;
  const min = ymin ?? (scale === 'log' ? lowestDecade(grid, held) : 0);
  const max = ymax ?? topOf(grid, scale, top, min);
  const fresh = { min, max: Math.max(max, min + 1) };
  if (before === undefined || ymin !== undefined || ymax !== undefined || top === 0) return fresh;
  const fits = top <= before.max && min >= before.min;
  const roomy = fresh.max * ROOMY[scale] <= before.max;
  return fits && !roomy ? before : { min: Math.min(min, before.min), max: fresh.max };
}

function topOf(grid: Grid, scale: Scale, top: number, min: number): number {
  // A hundred percent is a whole: the axis ends there.
  if (grid !== LOG_GRID) return grid.ceilOf(grid.size - 1) + 1;
  if (top === 0) return NOTHING_SEEN;
  return scale === 'linear' ? autoscale(top) : nextDecade(top, min);
}

function suggested(grid: Grid, held: Held, top: number): Scale {
  return top > SQUEEZED * Math.max(1, quantile(grid, held, 0.5)) ? 'log' : 'linear';
}

function lowestDecade(grid: Grid, held: Held): number {
  const low = Math.max(1, quantile(grid, held, BELOW));
  return 10 ** Math.floor(Math.log10(low));
}

/** 1, 2 or 5 times a power of ten, at least one decade above the bottom. */
function nextDecade(top: number, min: number): number {
  const power = 10 ** Math.floor(Math.log10(top));
  const round = [1, 2, 5].map((factor) => factor * power).find((value) => value >= top) ?? 10 * power;
  return Math.max(round, 10 * min);
}

function quantile(grid: Grid, { spread }: Held, p: number): number {
  return percentileOf(spread, grid, p) ?? 0;
}
