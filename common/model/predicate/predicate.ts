/*
 * Which events count: a filter over a metric's fields. In: the API's JSON form, untrusted.
 * Out: a checked tree (predicate-tree.ts), and its evaluation.
 *
 * {} is always true; {eq: ['execname', 'mysqld']}; {and: [p, p, …]}; {or: [p, p, …]}, nested as deep as the limits allow.
 */
import { LIMITS } from '../../service/limits';
import { isNumeric, type TypeName } from '../field';
import { invalid } from '../../service/errors';
import {
  ALWAYS,
  COMPARISONS,
  type Comparison,
  type Constant,
  type PlainPredicate,
  type Predicate,
} from './predicate-tree';

export {
  ALWAYS,
  COMPARISONS,
  printPredicate,
  toPlainPredicate,
  type Comparison,
  type Constant,
  type PlainPredicate,
  type Predicate,
} from './predicate-tree';

interface PredicateLimits {
  readonly nodesMax: number;
  readonly depthMax: number;
}

/**
 * Checks form and meaning. `typeOf` knows the metric's fields; undefined means the metric has no such field.
 * Throws an INVALID error that names the part at fault (`predicate.and[1].lt`).
 */
export function parsePredicate(
  plain: unknown,
  typeOf: (field: string) => TypeName | undefined,
  { nodesMax, depthMax }: PredicateLimits = {
    nodesMax: LIMITS.predicateNodes,
    depthMax: LIMITS.predicateDepth,
  },
): Predicate {
  let nodes = 0;
  const parse = (part: unknown, path: string, depth: number): Predicate => {
    if (++nodes > nodesMax) {
      throw invalid('predicate', `has more than ${nodesMax} parts`);
    }
    if (depth > depthMax) {
      throw invalid(path, `is nested deeper than ${depthMax}`);
    }
    if (typeof part !== 'object' || part === null || Array.isArray(part)) {
      throw invalid(path, 'must be an object such as {"eq": ["execname", "mysqld"]}');
    }
    const entries = Object.entries(part as PlainPredicate);
    const [first] = entries;
    if (first === undefined) return ALWAYS;
    if (entries.length !== 1) throw invalid(path, `must have exactly one operator, not ${entries.length}`);
    const [op, args] = first;
    const here = `${path}.${op}`;
    if (op === 'and' || op === 'or') {
      if (!Array.isArray(args) || args.length < 2) {
        throw invalid(here, 'must be a list of at least two predicates');
      }
      return { kind: op, members: args.map((arg, i) => parse(arg, `${here}[${i}]`, depth + 1)) };
    }
    if (!isComparison(op)) {
      throw invalid(
        path,
        `has no operator ${quote(op)}; there are ${[...COMPARISONS, 'and', 'or'].join(', ')}`,
      );
    }
    return parseComparison(op, args, here, typeOf);
  };
  return parse(plain, 'predicate', 1);
}

function parseComparison(
  op: Comparison,
  args: unknown,
  path: string,
  typeOf: (field: string) => TypeName | undefined,
): Predicate {
  if (!Array.isArray(args) || args.length !== 2) throw invalid(path, 'must be a pair: [field, constant]');
  const [field, constant] = args as [unknown, unknown];
  if (typeof field !== 'string') throw invalid(path, 'must name a field first: [field, constant]');
  const type = typeOf(field);
  if (type === undefined) throw invalid(path, `names ${quote(field)}, which is not a field of this metric`);
  if (isNumeric(type)) {
    if (typeof constant !== 'number' || !Number.isFinite(constant)) {
      throw invalid(path, `must compare ${quote(field)}, a numeric field, with a number`);
    }
    if (Math.abs(constant) > Number.MAX_SAFE_INTEGER) {
      throw invalid(path, `must compare with a number between ±${Number.MAX_SAFE_INTEGER}`);
    }
  } else {
    if (op !== 'eq' && op !== 'ne') {
      throw invalid(
        path,
        `cannot order ${quote(field)}: a discrete field can only be compared with eq and ne`,
      );
    }
    if (typeof constant !== 'string') {
      throw invalid(path, `must compare ${quote(field)}, a discrete field, with a string`);
    }
    if (new TextEncoder().encode(constant).length > LIMITS.predicateStringBytes) {
      throw invalid(path, `has a constant longer than ${LIMITS.predicateStringBytes} bytes`);
    }
  }
  return { kind: 'compare', op, field, constant: constant };
}

function isComparison(op: string): op is Comparison {
  return (COMPARISONS as readonly string[]).includes(op);
}

/** True when the event is to be counted. A field the event does not have equals nothing and orders with nothing. */
export function evaluate(p: Predicate, event: (field: string) => Constant | undefined): boolean {
  switch (p.kind) {
    case 'always':
      return true;
    case 'and':
      return p.members.every((member) => evaluate(member, event));
    case 'or':
      return p.members.some((member) => evaluate(member, event));
    case 'compare':
      return compare(p.op, event(p.field), p.constant);
  }
}

function compare(op: Comparison, actual: Constant | undefined, constant: Constant): boolean {
  if (op === 'eq') return actual === constant;
  if (op === 'ne') return actual !== constant;
  if (typeof actual !== 'number' || typeof constant !== 'number') return false;
  switch (op) {
    case 'lt':
      return actual < constant;
    case 'le':
      return actual <= constant;
    case 'gt':
      return actual > constant;
    case 'ge':
      return actual >= constant;
  }
}

/** The fields a predicate asks about, each once, in order of appearance. */
export function predicateFields(p: Predicate): string[] {
  switch (p.kind) {
    case 'always':
      return [];
    case 'compare':
      return [p.field];
    default:
      return [...new Set(p.members.flatMap(predicateFields))];
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
