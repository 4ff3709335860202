/*
 * The vertical axis of a heatmap: value ⇄ height. In: a range, linear or logarithmic. Out: positions 0 (bottom) .. 1 (top).
 * Its top is sticky, so that a picture does not jump each time the largest value leaves the window.
 */
import type { TypeInfo } from '../model/answers.ts';
import { linearTicks, logTicks, type Tick } from '../model/units.ts';
import { percentile, topOf, type Slice } from '../model/slice.ts';

export type AxisKind = 'linear' | 'log';

export interface ValueAxis {
  readonly kind: AxisKind;
  readonly min: number;
  readonly max: number;
}

export function positionOf(axis: ValueAxis, value: number): number {
  return positionsOf(axis)(value);
}

/** positionOf for many values: what is the axis' own is worked out once. */
export function positionsOf(axis: ValueAxis): (value: number) => number {
  if (axis.kind === 'linear') {
    const span = axis.max - axis.min;
    return (value) => (value - axis.min) / span;
  }
  const low = Math.log10(Math.max(1, axis.min));
  const span = Math.log10(axis.max) - low;
  return (value) => (Math.log10(Math.max(1, value)) - low) / span;
}

export function valueAt(axis: ValueAxis, position: number): number {
  if (axis.kind === 'linear') return axis.min + position * (axis.max - axis.min);
  const low = Math.log10(Math.max(1, axis.min));
  return 10 ** (low + position * (Math.log10(axis.max) - low));
}

export function axisTicks(axis: ValueAxis, wanted: number, type: TypeInfo | undefined): Tick[] {
  if (axis.kind === 'linear') return linearTicks(axis.min, axis.max, wanted, type);
  const decades = logTicks(Math.max(1, axis.min), axis.max, wanted, type);
  // Less than two decades: powers of ten would leave the axis nearly bare.
  return decades.length > 2 ? decades : linearTicks(axis.min, axis.max, wanted, type);
}

/** The next round number above m: 10 → 12, 100 → 120, 1235 → 1400 (the aggregator's rule). */
export function autoscale(m: number): number {
  if (!(m > 0)) return 0;
  let round = 10 ** (Math.floor(Math.log10(m)) + 1);
  for (let divide = 5; round > 1e-9; divide = divide === 5 ? 2 : 5) {
    const candidate = (Math.floor(m / round) + 1) * round;
    if (candidate < 1.25 * m) return candidate;
    round /= divide;
  }
  return m;
}

/** Logarithmic where a linear axis would squeeze half of the events into its lowest twentieth. */
export function suggestAxis(all: Slice): AxisKind {
  const middle = percentile(all, 0.5);
  return middle !== undefined && topOf(all) > 20 * Math.max(1, middle) ? 'log' : 'linear';
}

const NOTHING_SEEN = 1000;

/** The axis for what is in the window now. `before` stays unless the data outgrew it, or use less than a third of it. */
export function nextAxis(
  kind: AxisKind,
  all: Slice,
  type: TypeInfo | undefined,
  before: ValueAxis | undefined,
): ValueAxis {
  const limit = type?.minmax ?? 0;
  const top = Math.max(topOf(all), limit);
  const min = kind === 'log' ? lowestDecade(all) : 0;
  const max =
    // A hundred percent is a whole: the axis ends there (one past it: the last bucket is inclusive).
    kind === 'linear' && top <= limit + 1 && limit > 0
      ? limit + 1
      : top === 0
        ? (type?.minmax ?? NOTHING_SEEN)
        : kind === 'log'
          ? nextDecade(top, min)
          : autoscale(top);
  if (before?.kind !== kind || top === 0) return { kind, min, max };
  const fits = top <= before.max && min >= before.min;
  const roomy = kind === 'log' ? max * 100 <= before.max : max * 3 <= before.max;
  return fits && !roomy ? before : { kind, min: Math.min(min, before.min), max };
}

/** A tenth of a percent may be below the axis: zeros and clock noise should not cost three decades. */
function lowestDecade(all: Slice): number {
  const low = percentile(all, 0.001) ?? 1;
  return 10 ** Math.floor(Math.log10(Math.max(1, low)));
}

/** Tops on 1, 2 or 5 times a power of ten, at least one decade above the bottom. */
function nextDecade(top: number, min: number): number {
  const power = 10 ** Math.floor(Math.log10(top));
  const nice = [1, 2, 5, 10].map((f) => f * power).find((v) => v >= top) ?? 10 * power;
  return Math.max(nice, min * 10);
}
