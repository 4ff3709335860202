/*
 * Fields of events, and their types. In: a field's name. Out: how to count, draw and label it.
 * Types are those of GET /ca; the grid of a numeric type is how its values are put into buckets.
 */
import { linearGrid, LOG_GRID, type Grid } from './bucket';

type Arity = 'discrete' | 'numeric';

interface FieldType {
  readonly arity: Arity;
  readonly unit: string;
  readonly abbr?: string;
  /** Unit prefixes are powers of 10 (k = 1000) or of 2 (Ki = 1024). */
  readonly base?: 2 | 10;
  /** One raw unit is base^power units: nanoseconds are 10^-9 seconds. */
  readonly power?: number;
  /** A chart of this type should reach at least this high. */
  readonly minmax?: number;
  readonly grid?: Grid;
}

export const FIELD_TYPES = {
  string: { arity: 'discrete', unit: '' },
  number: { arity: 'numeric', unit: '', grid: LOG_GRID },
  percent: { arity: 'numeric', unit: 'percent', abbr: '%', minmax: 100, grid: linearGrid(1, 101) },
  size: { arity: 'numeric', unit: 'bytes', abbr: 'B', base: 2, grid: LOG_GRID },
  time: { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9, grid: LOG_GRID },
  subsecond: { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -3, grid: linearGrid(10, 100) },
} as const satisfies Record<string, FieldType>;

export type TypeName = keyof typeof FIELD_TYPES;

export const TYPE_NAMES = Object.keys(FIELD_TYPES) as TypeName[];

export function fieldType(name: TypeName): FieldType {
  return FIELD_TYPES[name];
}

export function isNumeric(name: TypeName): boolean {
  return fieldType(name).arity === 'numeric';
}

/** The grid of a numeric type. Discrete types have none: asking for it is a programmer's error. */
export function gridOf(name: TypeName): Grid {
  const grid = fieldType(name).grid;
  if (grid === undefined) throw new TypeError(`type ${name} is discrete and has no grid`);
  return grid;
}

/** Name of one raw unit, for output without prefixes (table columns, JSON). '' for plain numbers. */
export const RAW_UNITS: Readonly<Record<TypeName, string>> = {
  string: '',
  number: '',
  percent: 'percent',
  size: 'bytes',
  time: 'ns',
  subsecond: 'ms',
};
