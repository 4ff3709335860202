/*
 * Predicate -> D. In: a checked predicate, and each field's D expression. Out: a D expression that is true for the
 * same events as common/model/predicate/predicate.ts evaluate(), whatever the constants are. Next: program.ts.
 */
import {
  SYMBOLS,
  type Comparison,
  type Constant,
  type Predicate,
} from '../../../../common/model/predicate/predicate-tree';
import type { D } from '../../metrics/language/clause';
import type { Names } from '../../metrics/language/observation';
import { quote } from './quote';

const DECIMAL = /^(0|-?[1-9][0-9]{0,18})$/;
const INT64_MAX = (1n << 63n) - 1n;

/** A field (metrics/clause.ts) on the machine that the program is for. */
export type PlainField = D | { readonly integer: D; readonly names?: Names };

/** `fieldOf` knows the D of every field that the predicate names. */
export function predicateText(p: Predicate, fieldOf: (name: string) => PlainField): D {
  switch (p.kind) {
    case 'always':
      return '1';
    case 'and':
    case 'or':
      return `(${p.members.map((m) => predicateText(m, fieldOf)).join(p.kind === 'and' ? ' && ' : ' || ')})`;
    case 'compare':
      return compareText(p.op, fieldOf(p.field), p.constant);
  }
}

function compareText(op: Comparison, field: PlainField, constant: Constant): D {
  if (typeof constant === 'number') return compareNumber(op, field as D, constant);
  const equal = typeof field === 'string' ? equalsText(field, constant) : equalsInteger(field, constant);
  if (equal === undefined) return op === 'eq' ? '0' : '1';
  return op === 'eq' ? equal : `!${equal}`;
}

/** D has no fractions: x > 1.5 is x > 1, and nothing equals 1.5. Signed, or -1 would be the largest of all. */
function compareNumber(op: Comparison, field: D, constant: number): D {
  if (!Number.isInteger(constant) && (op === 'eq' || op === 'ne')) return op === 'eq' ? '0' : '1';
  const whole = op === 'lt' || op === 'ge' ? Math.ceil(constant) : Math.floor(constant);
  return `((int64_t)(${field}) ${SYMBOLS[op]} ${whole + 0})`;
}

function equalsText(field: D, constant: string): D | undefined {
  const literal = quote(constant);
  return literal === undefined ? undefined : `((${field}) == ${literal})`;
}

/** A discrete field that is a number to the kernel equals a text when it prints as it. */
function equalsInteger(field: Exclude<PlainField, string>, constant: string): D | undefined {
  const values = field.names?.valuesOf(constant) ?? (DECIMAL.test(constant) ? [BigInt(constant)] : []);
  const possible = values.filter((v) => v <= INT64_MAX && v >= -INT64_MAX);
  if (possible.length === 0) return undefined;
  return `(${possible.map((v) => `(int64_t)(${field.integer}) == ${v}`).join(' || ')})`;
}
