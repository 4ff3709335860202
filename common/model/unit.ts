/*
 * Quantities as people write them: 10ms, 64KiB, 5%. In: text and the type of the field it is compared with.
 * Out: the raw number that is counted (nanoseconds, bytes, …), and back: exactly, or short enough for an axis.
 *
 * KB and MB are refused: half of their readers mean 1000 and half mean 1024.
 */
import { invalid } from '../service/errors';
import type { TypeName } from './field';

type Quantity = 'time' | 'size' | 'percent';

interface Unit {
  readonly name: string;
  readonly quantity: Quantity;
  /** Nanoseconds, bytes or percent. */
  readonly factor: number;
}

const unit = (quantity: Quantity, name: string, factor: number): Unit => ({ name, quantity, factor });

const NANOSECONDS = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3, // this is the Greek letter mu; the line above has the micro sign
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
  d: 86_400e9,
};
const KI = 1024;
const BYTES = {
  B: 1,
  K: KI,
  KiB: KI,
  M: KI ** 2,
  MiB: KI ** 2,
  G: KI ** 3,
  GiB: KI ** 3,
  T: KI ** 4,
  TiB: KI ** 4,
};

const UNITS = new Map<string, Unit>([
  ...Object.entries(NANOSECONDS).map(([name, factor]) => [name, unit('time', name, factor)] as const),
  ...Object.entries(BYTES).map(([name, factor]) => [name, unit('size', name, factor)] as const),
  ['%', unit('percent', '%', 1)],
]);

/** Units of the exact form, largest first. */
const EXACT: Record<Quantity, readonly string[]> = {
  time: ['h', 'm', 's', 'ms', 'us', 'ns'],
  size: ['TiB', 'GiB', 'MiB', 'KiB', 'B'],
  percent: ['%'],
};

/** The quantity of a type's values, and one raw unit in nanoseconds, bytes or percent. */
const QUANTITIES: Partial<Record<TypeName, { readonly quantity: Quantity; readonly raw: number }>> = {
  time: { quantity: 'time', raw: 1 },
  subsecond: { quantity: 'time', raw: 1e6 },
  size: { quantity: 'size', raw: 1 },
  percent: { quantity: 'percent', raw: 1 },
};

const EXAMPLES: Record<Quantity, string> = { time: '10ms', size: '64KiB', percent: '5%' };

/**
 * The raw number of "10ms". A number without a unit is raw already. An unknown type takes any unit.
 * Throws an INVALID error about `what` when the unit does not exist or does not fit the type.
 */
export function parseQuantity(text: string, type: TypeName | undefined, what: string): number {
  const match = /^([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Zµμ%]*)$/.exec(text.trim());
  const [, digits = '', suffix = ''] = match ?? [];
  const number = Number(digits.replaceAll('_', ''));
  if (match === null || !Number.isFinite(number)) {
    const like =
      type !== undefined && type in EXAMPLES ? `; write it like ${EXAMPLES[type as Quantity]}` : '';
    throw invalid(what, `${text} is not a number${like}`);
  }
  if (suffix === '') return number;
  const found = UNITS.get(suffix);
  if (found === undefined)
    throw invalid(what, `${text} has no unit that is known; ${unitsFor(suffix, type)}`);
  const target = type === undefined ? { quantity: found.quantity, raw: 1 } : QUANTITIES[type];
  if (target === undefined) throw invalid(what, `${text} has a unit, but a plain number is meant`);
  if (target.quantity !== found.quantity) {
    throw invalid(
      what,
      `${text} is a ${found.quantity}, but a ${target.quantity} such as ${EXAMPLES[target.quantity]} is meant`,
    );
  }
  return scale(digits.replaceAll('_', ''), found.factor / target.raw);
}

/** 1.1 × 10^6 in floating point is 1100000.0000000002; moving the decimal point in the text is exact. */
function scale(digits: string, factor: number): number {
  const power = Math.log10(factor);
  return Number.isInteger(power) && !/e/i.test(digits)
    ? Number(`${digits}e${power}`)
    : Number(digits) * factor;
}

function unitsFor(suffix: string, type: TypeName | undefined): string {
  if (/^[kmgt]b$/i.test(suffix)) {
    const letter = suffix.charAt(0).toUpperCase();
    return `${suffix} could mean powers of 1000 or of 1024: write ${letter}iB (1024) or the bytes in full`;
  }
  const quantity = type === undefined ? undefined : QUANTITIES[type]?.quantity;
  const names =
    quantity === undefined ? ['ns', 'us', 'ms', 's', 'm', 'h', 'KiB', 'MiB', 'GiB', '%'] : EXACT[quantity];
  return `there are ${[...names].reverse().join(', ')}`;
}

/** Text that parseQuantity turns back into exactly this number: "10ms", "1500us", "64KiB". */
export function exactText(value: number, type: TypeName | undefined): string {
  const target = type === undefined ? undefined : QUANTITIES[type];
  if (target === undefined || type === undefined || value === 0 || !Number.isSafeInteger(value))
    return String(value);
  for (const name of EXACT[target.quantity]) {
    const factor = (UNITS.get(name)?.factor ?? 1) / target.raw;
    if (factor >= 1 && value % factor === 0) {
      const text = `${value / factor}${name}`;
      return parseQuantity(text, type, text) === value ? text : String(value);
    }
  }
  return String(value);
}

/** About three digits and a unit, for axes and tables: "1.23ms", "64KiB", "12.3k". */
export function shortText(value: number, type: TypeName | undefined): string {
  const target = type === undefined ? undefined : QUANTITIES[type];
  if (target?.quantity === 'percent') return `${digits3(value)}%`;
  if (target === undefined) return withPrefix(value, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
  if (value === 0) return target.quantity === 'time' ? '0s' : '0B';
  if (target.quantity === 'size') return withPrefix(value, KI, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
  return withPrefix(value * target.raw, 1000, ['ns', 'us', 'ms', 's']);
}

function withPrefix(value: number, base: number, names: readonly string[]): string {
  let power = 0;
  let rest = value;
  // 999.6 would print as 1000 of the smaller unit: use the next unit.
  while (Math.abs(rest) >= base - 0.5 && power + 1 < names.length) {
    rest /= base;
    power++;
  }
  return `${digits3(rest)}${names[power] ?? ''}`;
}

function digits3(value: number): string {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2)));
}

/** A span of time for people, from milliseconds: "3d 4h", "2m 5s", "0.4s". */
export function spanText(milliseconds: number): string {
  const total = Math.max(0, milliseconds) / 1000;
  if (total < 10) return `${total.toFixed(1)}s`;
  const parts: [number, string][] = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'm'],
    [Math.floor(total) % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n], i) => i === 0 || n > 0)
    .map(([n, name]) => `${n}${name}`)
    .join(' ');
}

/** "1 operation", "2 operations". Units of metrics are plural nouns. */
export function counted(count: number, unit: string, ...more: string[]): string {
  return [String(count), count === 1 ? singularOf(unit) : unit, ...more]
    .filter((word) => word !== '')
    .join(' ');
}

/** Singular of a metric's unit; "percent of 1 CPU" has none. */
export function singularOf(unit: string): string {
  if (/(?:ss|us)$/.test(unit) || !unit.endsWith('s')) return unit;
  return /(?:ies)$/.test(unit)
    ? `${unit.slice(0, -3)}y`
    : /(?:sses|xes|ches)$/.test(unit)
      ? unit.slice(0, -2)
      : unit.slice(0, -1);
}
