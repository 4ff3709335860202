/*
 * The predicate builder's tree: what a person is putting together, unfinished parts included.
 * In: edits, and texts as typed. Out: the API's JSON, or what is wrong with it; and the readable form with units.
 */
import {
  printPredicate,
  treeOf,
  type Comparison,
  type Predicate as Tree,
} from '../../../../common/model/predicate/predicate-tree.ts';
import type { Catalogue, Predicate, TypeInfo } from './answers.ts';
import { RAW_UNITS, type TypeName } from '../../../../common/model/field.ts';
import { CaError } from '../../../../common/service/errors.ts';
import { exactText, parseQuantity } from '../../../../common/model/unit.ts';
import { formatExact } from './units.ts';

export const COMPARISONS: Readonly<Record<Comparison, string>> = {
  eq: '=',
  ne: '≠',
  lt: '<',
  le: '≤',
  gt: '>',
  ge: '≥',
};

export type Condition =
  | { readonly kind: 'compare'; field: string; op: Comparison; text: string }
  | { readonly kind: 'group'; join: 'and' | 'or'; members: Condition[] };

export type Group = Extract<Condition, { kind: 'group' }>;

export function emptyGroup(): Group {
  return { kind: 'group', join: 'and', members: [] };
}

export function typeOfField(catalogue: Catalogue, field: string): TypeInfo | undefined {
  return catalogue.types[catalogue.fields[field]?.type ?? 'string'];
}

export function isNumericField(catalogue: Catalogue, field: string): boolean {
  return typeOfField(catalogue, field)?.arity === 'numeric';
}

export type Built = { readonly predicate: Predicate } | { readonly wrong: string };

/** Empty groups ask for nothing and vanish; a group of one is its member. */
export function buildPredicate(condition: Condition, catalogue: Catalogue): Built {
  if (condition.kind === 'compare') return buildComparison(condition, catalogue);
  const members: Predicate[] = [];
  for (const member of condition.members) {
    const built = buildPredicate(member, catalogue);
    if ('wrong' in built) return built;
    if (Object.keys(built.predicate).length > 0) members.push(built.predicate);
  }
  const [only] = members;
  if (only === undefined) return { predicate: {} };
  return { predicate: members.length === 1 ? only : { [condition.join]: members } };
}

function buildComparison(c: Extract<Condition, { kind: 'compare' }>, catalogue: Catalogue): Built {
  const label = catalogue.fields[c.field]?.label ?? c.field;
  if (!isNumericField(catalogue, c.field)) {
    if (c.text === '') return { wrong: `Fill in what “${label}” is compared with.` };
    return { predicate: { [c.op]: [c.field, c.text] } };
  }
  // Read as the API reads it, so that what is accepted here means the same there.
  try {
    const number = parseQuantity(c.text, typeNameOf(catalogue, c.field), `“${label}”:`);
    return { predicate: { [c.op]: [c.field, number] } };
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    const example = exampleOf(typeOfField(catalogue, c.field));
    return {
      wrong: /\d/.test(c.text) ? `${error.message}.` : `“${label}” needs a number, such as ${example}.`,
    };
  }
}

function typeNameOf(catalogue: Catalogue, field: string): TypeName | undefined {
  const name = catalogue.fields[field]?.type;
  return name !== undefined && Object.hasOwn(RAW_UNITS, name) ? name : undefined;
}

function quantityText(value: number, catalogue: Catalogue, field: string): string {
  return exactText(value, typeNameOf(catalogue, field));
}

export function exampleOf(type: TypeInfo | undefined): string {
  if (type?.abbr === undefined) return '100';
  if (type.abbr === '%') return '80%';
  if (type.base === 2) return '64KiB';
  return (type.power ?? 0) <= -6 ? '10ms' : '100ms';
}

/** For people: Latency ≥ 10 ms and (Application name = “mysqld” or …). '' for {}. */
export function readPredicate(predicate: Predicate, catalogue: Catalogue): string {
  const tree = treeOf(predicate);
  if (tree.kind === 'always') return '';
  return printPredicate(tree, {
    always: 'everything',
    and: ' and ',
    or: ' or ',
    compare: (field, op, constant) => {
      const label = catalogue.fields[field]?.label ?? field;
      const shown =
        typeof constant === 'number' ? formatExact(constant, typeOfField(catalogue, field)) : `“${constant}”`;
      return `${label} ${COMPARISONS[op]} ${shown}`;
    },
  });
}

/** The tree for a predicate that exists, for changing it. */
export function formOf(predicate: Predicate, catalogue: Catalogue): Group {
  const condition = conditionOf(treeOf(predicate), catalogue);
  if (condition === undefined) return emptyGroup();
  return condition.kind === 'group' ? condition : { kind: 'group', join: 'and', members: [condition] };
}

function conditionOf(tree: Tree, catalogue: Catalogue): Condition | undefined {
  switch (tree.kind) {
    case 'always':
      return undefined;
    case 'compare': {
      const { field, op, constant } = tree;
      const text = typeof constant === 'number' ? quantityText(constant, catalogue, field) : constant;
      return { kind: 'compare', field, op, text };
    }
    default: {
      const members = tree.members.map((member) => conditionOf(member, catalogue));
      return { kind: 'group', join: tree.kind, members: members.filter((m) => m !== undefined) };
    }
  }
}

/** Both must hold; {} is neutral. Nested ands are flattened, so that repeated drilling stays readable. */
export function both(a: Predicate, b: Predicate): Predicate {
  const members = [a, b].flatMap((p) => {
    if ('and' in p) return (p['and'] ?? []) as readonly Predicate[];
    return Object.keys(p).length === 0 ? [] : [p];
  });
  const distinct = [...new Map(members.map((m) => [JSON.stringify(m), m])).values()];
  const [only] = distinct;
  if (only === undefined) return {};
  return distinct.length === 1 ? only : { and: distinct };
}
