/*
 * Where an axis has ticks. In: an axis, how many there is room for, the type of its values. Out: round values.
 * Steps are 1, 2 or 5 times a power of ten of the unit that people read; powers of two where units go by 1024.
 */
import type { ValueAxis } from './axis';
import { fieldType, type TypeName } from './field';

/** At most this many, whatever is asked for. */
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
  // By whole steps: adding them up would gather what each is off.
  for (let i = Math.ceil(min / step); i * step < max; i++) ticks.push(i * step);
  return ticks;
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

/** One for each decade (each factor of 1024 where units go by it), thinned out. */
function logTicks({ min, max }: ValueAxis, wanted: number, type: TypeName): number[] {
  const factor = fieldType(type).base === 2 ? 4 : 10;
  const powers: number[] = [];
  for (let value = 1; value < max; value *= factor) if (value >= min) powers.push(value);
  const every = Math.max(1, Math.ceil(powers.length / Math.max(1, wanted)));
  return powers.filter((_, i) => i % every === 0);
}
