/*
 * A predicate: a tree of comparisons, with a JSON form and a text form. In: a tree. Out: the other two. Untrusted input
 * is parsed in predicate.ts (JSON) and predicate-text.ts (text). The page uses this file, too.
 */

export const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
export type Comparison = (typeof COMPARISONS)[number];

export type Constant = string | number;

/** A checked predicate. `always` is the API's {}. */
export type Predicate =
  | { readonly kind: 'always' }
  | { readonly kind: 'and' | 'or'; readonly members: readonly Predicate[] }
  | {
      readonly kind: 'compare';
      readonly op: Comparison;
      readonly field: string;
      readonly constant: Constant;
    };

/** The API's JSON form of a predicate. */
export type PlainPredicate = Readonly<Record<string, readonly unknown[]>>;

export const ALWAYS: Predicate = { kind: 'always' };

export const SYMBOLS: Readonly<Record<Comparison, string>> = {
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

/** Back to the API's JSON form. */
export function toPlainPredicate(p: Predicate): PlainPredicate {
  switch (p.kind) {
    case 'always':
      return {};
    case 'compare':
      return { [p.op]: [p.field, p.constant] };
    default:
      return { [p.kind]: p.members.map(toPlainPredicate) };
  }
}

/** The tree of an answer of our own services, which checked it. */
export function treeOf(plain: PlainPredicate): Predicate {
  const [entry] = Object.entries(plain);
  if (entry === undefined) return ALWAYS;
  const [op, args] = entry;
  if (op === 'and' || op === 'or') {
    return { kind: op, members: (args as readonly PlainPredicate[]).map(treeOf) };
  }
  const [field, constant] = args as readonly [string, Constant];
  return { kind: 'compare', op: op as Comparison, field, constant };
}

/** How the parts of a predicate are written. */
export interface Wording {
  readonly always: string;
  readonly and: string;
  readonly or: string;
  readonly compare: (field: string, op: Comparison, constant: Constant) => string;
}

/** With raw numbers; predicate-text.ts parses it to the same tree. */
export const RAW: Wording = {
  always: 'true',
  and: ' && ',
  or: ' || ',
  compare: (field, op, constant) => `${field} ${SYMBOLS[op]} ${JSON.stringify(constant)}`,
};

/** execname == "mysqld" && (latency > 10000000 || errno != "none"): groups within groups keep their parentheses. */
export function printPredicate(p: Predicate, wording: Wording = RAW): string {
  switch (p.kind) {
    case 'always':
      return wording.always;
    case 'compare':
      return wording.compare(p.field, p.op, p.constant);
    default:
      return p.members
        .map((member) => {
          const text = printPredicate(member, wording);
          return member.kind === 'and' || member.kind === 'or' ? `(${text})` : text;
        })
        .join(wording[p.kind]);
  }
}
