/*
 * A query in the supported part of PromQL, as a tree. In: the result of parse.ts.
 * Out: the tree that evaluate.ts walks. Next: parse.ts.
 *
 * A leaf is what one aggregator can answer alone about its instrumentations: a selector, with the function over time and
 * the sum directly around it. Sums of sums are sums, so the front door adds the leaves of
 * several aggregators and does the rest.
 */
import { compileRegex, type Regex } from './regex';

export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  /** Of =~ and !~. */
  readonly regex?: Regex;
}

/** by (…) keeps these labels, without (…) all others. */
export interface Grouping {
  readonly without: boolean;
  readonly labels: readonly string[];
}

export interface Leaf {
  readonly matchers: readonly Matcher[];
  /** Window in milliseconds; undefined: the newest value. */
  readonly window?: number;
  /** Values of a window are added up; a rate divides the sum by the window's seconds. */
  readonly rate: boolean;
  /** Series are added up by the aggregator. */
  readonly sum?: Grouping;
  /** Text in the query. */
  readonly text: string;
}

export type HistogramFunction = 'quantile' | 'count' | 'sum' | 'avg' | 'fraction';

export type Operator = '+' | '-' | '*' | '/' | '%' | '^';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'sum'; readonly grouping: Grouping; readonly of: Expression }
  | { readonly kind: 'topk'; readonly count: number; readonly grouping: Grouping; readonly of: Expression }
  | {
      readonly kind: 'histogram';
      readonly name: HistogramFunction;
      readonly parameters: readonly number[];
      readonly of: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

export const NAME_LABEL = '__name__';

export function leavesOf(expression: Expression): Leaf[] {
  switch (expression.kind) {
    case 'number':
      return [];
    case 'leaf':
      return [expression.leaf];
    case 'arithmetic':
      return [...leavesOf(expression.left), ...leavesOf(expression.right)];
    case 'sum':
    case 'topk':
    case 'histogram':
      return leavesOf(expression.of);
  }
}

/** Throws an INVALID error for a regular expression that cannot be parsed. */
export function matcher(label: string, operator: Matcher['operator'], value: string): Matcher {
  const plain = { label, operator, value };
  return operator === '=~' || operator === '!~' ? { ...plain, regex: compileRegex(value) } : plain;
}

/** A missing label equals the empty text. */
export function matches({ operator, value, regex }: Matcher, text: string): boolean {
  switch (operator) {
    case '=':
      return text === value;
    case '!=':
      return text !== value;
    case '=~':
      return regex?.test(text) === true;
    case '!~':
      return regex?.test(text) === false;
  }
}

export type Labels = ReadonlyMap<string, string>;

/** The labels that a sum over the grouping leaves. */
export function groupLabels(labels: Labels, { without, labels: named }: Grouping): Labels {
  const kept = [...labels].filter(([name]) =>
    without ? name !== NAME_LABEL && !named.includes(name) : named.includes(name),
  );
  return new Map(kept);
}

/** A unique text for a set of labels. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
