/*
 * Where an axis has ticks. In: an axis, the number of ticks that fit, the type of its values. Out: round values.
 * Steps are 1, 2 or 5 times a power of ten of the displayed unit; powers of two where units are multiples of 1024.
 */
import type { ValueAxis } from './axis';
import { fieldType, type TypeName } from './field';

/** Upper bound on the number of ticks. */
const TICKS_MAX = 100;

export function axisTicks(axis: ValueAxis, wanted: number, type: TypeName): number[] {
  if (axis.scale === 'linear') return linearTicks(axis, wanted, type);
  const ticks = logTicks(axis, wanted, type);
  // Less than two decades: powers of ten would leave the axis nearly bare.
  return ticks.length > 2 ? ticks : linearTicks(axis, wanted, type);
}

function linearTicks({ min, max }: ValueAxis, wanted: number, type: TypeName): number[] {
  const rough = (max - min) / Math.min(Math.max(1, wanted), TICKS_MAX);
  if (!(rough > 0)) return [];
  // Raw values are whole.
  const step = Math.max(1, fieldType(type).base === 2 ? 2 ** Math.ceil(Math.log2(rough)) : roundStep(rough));
  const ticks: number[] = [];
  // Multiply, do not add: repeated addition accumulates rounding errors.
  for (let i = Math.ceil(min / step); i * step < max; i++) ticks.push(i * step);
  return ticks;
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

/** One per decade (per factor of 1024 for binary units), thinned to what fits. */
function logTicks({ min, max }: ValueAxis, wanted: number, type: TypeName): number[] {
  const factor = fieldType(type).base === 2 ? 4 : 10;
  const powers: number[] = [];
  for (let value = 1; value < max; value *= factor) if (value >= min) powers.push(value);
  const every = Math.max(1, Math.ceil(powers.length / Math.max(1, wanted)));
  return powers.filter((_, i) => i % every === 0);
}
