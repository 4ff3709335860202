/*
 * Numbers for people: 1500 raw units of time are "1.5 µs". In: a type's base and power, a raw value. Out: text,
 * and the ticks of a graph. The way back is common/model/unit.ts, as everywhere.
 */
import { singularOf } from '../../../../common/model/unit.ts';
import type { TypeInfo } from './answers.ts';
import { exactNumber, shortNumber, tenths, wholeNumber } from './numbers.ts';

const UP = ['', 'k', 'M', 'G', 'T', 'P'];
const UP_BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const DOWN = ['', 'm', 'µ', 'n', 'p'];

interface Scale {
  /** Raw units in one shown unit. */
  readonly divisor: number;
  readonly suffix: string;
}

/** All the ways a value of this type can be shown, smallest first. */
export function scalesOf(type: TypeInfo | undefined): readonly Scale[] {
  const abbr = type?.abbr ?? '';
  if (abbr === '%') return [{ divisor: 1, suffix: ' %' }];
  const binary = type?.base === 2;
  const step = binary ? 1024 : 1000;
  const down = Math.max(0, Math.round(-(type?.power ?? 0) / 3));
  const scales: Scale[] = [];
  // Below its unit a value has at most as many prefixes as its power allows: a nanosecond is the smallest time there is.
  for (let i = down; i > 0; i--) {
    scales.push({ divisor: step ** (down - i), suffix: ` ${DOWN[i] ?? ''}${abbr}` });
  }
  const prefixes = binary ? UP_BINARY : UP;
  // Time has no kiloseconds.
  const top = abbr === 's' ? 1 : prefixes.length;
  for (let i = 0; i < top; i++) {
    const suffix = `${prefixes[i] ?? ''}${abbr}`;
    scales.push({ divisor: step ** (down + i), suffix: abbr === '' ? suffix : ` ${suffix}` });
  }
  return scales;
}

function scaleFor(value: number, scales: readonly Scale[]): Scale {
  const size = Math.abs(value);
  return scales.findLast((scale) => size >= scale.divisor) ?? scales[0] ?? { divisor: 1, suffix: '' };
}

export function formatValue(value: number, type: TypeInfo | undefined): string {
  const scale = scaleFor(value, scalesOf(type));
  return `${shortNumber(value / scale.divisor)}${value === 0 ? zeroSuffix(type) : scale.suffix}`;
}

/** Of a field whose values are counted in buckets: the last bucket of percentages, of exactly 100, ends at 101. */
export function formatInField(
  value: number,
  type: TypeInfo | undefined,
  format: typeof formatValue = formatValue,
): string {
  const inLast = type?.abbr === '%' && value > PERCENT_MAX && value <= PERCENT_MAX + 1;
  return format(inLast ? PERCENT_MAX : value, type);
}

const PERCENT_MAX = 100;

function zeroSuffix(type: TypeInfo | undefined): string {
  const abbr = type?.abbr ?? '';
  return abbr === '' ? '' : ` ${abbr}`;
}

/** Exact to the raw unit, for bucket bounds: 1 099 ns is "1.099 µs", not "1.1 µs". */
export function formatExact(value: number, type: TypeInfo | undefined): string {
  const scale = scaleFor(value, scalesOf(type));
  return `${exactNumber(value / scale.divisor)}${value === 0 ? zeroSuffix(type) : scale.suffix}`;
}

/** A count is a whole number: a bucket that is cut, and a mean, are not, and are rounded. What is there does not vanish. */
export function formatCount(count: number): string {
  return count > 0 && count < 0.5 ? '<1' : wholeNumber(Math.round(count));
}

/** "1 operation", "2 operations" */
export function formatCounted(count: number, unit: string): string {
  const text = formatCount(count);
  return unit === '' ? text : `${text} ${text === '1' ? singularOf(unit) : unit}`;
}

/** At most six characters: what a column has room for. */
export function shortCount(count: number): string {
  return Math.abs(count) < 100_000 ? formatCount(count) : formatValue(count, undefined);
}

export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (part === 0) return '0 %';
  if (percent < 0.1) return `<${tenths(0.1)} %`;
  return `${percent < 10 ? tenths(percent) : wholeNumber(percent)} %`;
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Round steps of 1, 2 or 5 (of the unit that fits the top of the axis); powers of two where the base is 2. */
export function linearTicks(min: number, max: number, wanted: number, type: TypeInfo | undefined): Tick[] {
  if (!(max > min)) return [];
  const scale = scaleFor(max, scalesOf(type));
  const rough = (max - min) / Math.max(1, wanted) / scale.divisor;
  const nice = scale.divisor * (type?.base === 2 ? 2 ** Math.ceil(Math.log2(rough)) : niceStep(rough));
  // There is no half an event.
  const step = type === undefined ? Math.max(1, nice) : nice;
  const ticks: Tick[] = [];
  for (let i = Math.ceil(min / step); i * step <= max * (1 + 1e-9); i++) {
    const value = i * step;
    const label = value === 0 ? '0' : `${shortNumber(value / scale.divisor)}${scale.suffix}`;
    ticks.push({ value, label });
  }
  return ticks;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}
