/*
 * PromQL → tree. In: a query's text. Out: the tree of expression.ts, or an INVALID error that names what is wrong or
 * not supported. The grammar is Prometheus' own, from its web page; only importer of it.
 *
 * Supported: selectors with = != =~ !~; sum_over_time, increase and rate over a window; sum and topk, by and without;
 * histogram_quantile, _count, _sum, _avg and _fraction; arithmetic with a number on one side.
 */
import { createRequire } from 'node:module';
import type { SyntaxNode } from '@lezer/common';
import type { LRParser } from '@lezer/lr';
import { invalid } from '../../service/errors';
import { compute, OPERATORS } from './arithmetic';
import { durationMs } from './duration';
import {
  matcher,
  NAME_LABEL,
  type Expression,
  type Grouping,
  type HistogramFunction,
  type Matcher,
} from './expression';
import { PROMQL_LIMITS } from './limits';
import { unquote } from './quoted';

const DEPTH_MAX = 40;
const MATCHERS_MAX = 32;
const LABELS_MAX = 32;
const WINDOW_MS_MAX = 86_400_000;
const TOPK_MAX = 1000;

// Its types describe only the ES module; `require` loads CommonJS.
const { parser } = createRequire(__filename)('@prometheus-io/lezer-promql') as { parser: LRParser };
const STRICT = parser.configure({ strict: true });
const EVERYTHING: Grouping = { without: false, labels: [] };

/** Throws an INVALID error about `query`. */
export function parseQuery(text: string): Expression {
  const root = treeOf(text);
  const top = root.firstChild;
  if (top?.nextSibling !== null) throw invalid('query', 'must be one expression');
  return new Reader(text).expression(top, 0);
}

/** A single selector, as in match[]. */
export function parseSelector(text: string): readonly Matcher[] {
  const expression = parseQuery(text);
  if (
    expression.kind === 'leaf' &&
    expression.leaf.window === undefined &&
    expression.leaf.sum === undefined
  ) {
    return expression.leaf.matchers;
  }
  throw invalid('match[]', 'must be a selector, such as {module="disk"}');
}

function treeOf(text: string): SyntaxNode {
  if (text.trim() === '') throw invalid('query', 'is needed');
  if (text.length > PROMQL_LIMITS.queryLength) {
    throw invalid('query', `is longer than ${PROMQL_LIMITS.queryLength} characters`);
  }
  try {
    return STRICT.parse(text).topNode;
  } catch (error) {
    const at = /at (\d+)/.exec((error as Error).message)?.[1];
    const where = at === undefined ? '' : ` at character ${Number(at) + 1}`;
    throw invalid('query', `cannot be read as PromQL${where}`);
  }
}

const WINDOWS = new Map([
  ['SumOverTime', { rate: false }],
  ['Increase', { rate: false }],
  ['Rate', { rate: true }],
]);
const HISTOGRAMS = new Map<string, HistogramFunction>([
  ['HistogramQuantile', 'quantile'],
  ['HistogramCount', 'count'],
  ['HistogramSum', 'sum'],
  ['HistogramAvg', 'avg'],
  ['HistogramFraction', 'fraction'],
]);
const PARAMETERS: Record<HistogramFunction, number> = { quantile: 1, fraction: 2, count: 0, sum: 0, avg: 0 };
const MATCH_OPERATORS = new Set(['=', '!=', '=~', '!~']);

class Reader {
  private readonly text: string;
  private regexes = 0;

  constructor(text: string) {
    this.text = text;
  }

  expression(node: SyntaxNode, depth: number): Expression {
    if (depth > DEPTH_MAX) throw invalid('query', `nests deeper than ${DEPTH_MAX}`);
    switch (node.name) {
      case 'ParenExpr':
        return this.expression(this.only(node), depth + 1);
      case 'NumberDurationLiteral':
        return { kind: 'number', value: numberOf(this.slice(node)) };
      case 'UnaryExpr':
        return this.unary(node, depth);
      case 'BinaryExpr':
        return this.binary(node, depth);
      case 'VectorSelector':
        return {
          kind: 'leaf',
          leaf: { matchers: this.matchers(node), rate: false, text: this.slice(node) },
        };
      case 'FunctionCall':
        return this.call(node, depth);
      case 'AggregateExpr':
        return this.aggregate(node, depth);
      case 'MatrixSelector':
        throw invalid(
          'query',
          `has the window ${this.slice(node)} outside of sum_over_time, increase and rate`,
        );
      case 'StringLiteral':
        throw invalid('query', 'is a text; series and numbers can be answered');
      default:
        throw this.unsupported(node);
    }
  }

  private slice(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private unsupported(node: SyntaxNode, what = WORDS.get(node.name) ?? node.name): Error {
    const text = this.slice(node);
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    return invalid('query', `uses ${what} (${shown}), which is not supported here`);
  }

  private only(node: SyntaxNode): SyntaxNode {
    const [child, more] = childrenOf(node);
    if (child === undefined || more !== undefined) throw this.unsupported(node);
    return child;
  }

  private unary(node: SyntaxNode, depth: number): Expression {
    const [sign, of] = childrenOf(node);
    if (sign === undefined || of === undefined) throw this.unsupported(node);
    const inner = this.expression(of, depth + 1);
    if (this.slice(sign) === '+') return inner;
    if (inner.kind === 'number') return { kind: 'number', value: -inner.value };
    return { kind: 'arithmetic', operator: '*', left: { kind: 'number', value: -1 }, right: inner };
  }

  private binary(node: SyntaxNode, depth: number): Expression {
    const [leftNode, sign, rightNode, more] = childrenOf(node);
    if (leftNode === undefined || sign === undefined || rightNode === undefined) throw this.unsupported(node);
    const operator = OPERATORS.get(sign.name);
    if (operator === undefined) throw this.unsupported(sign, 'the operator');
    if (more !== undefined) throw this.unsupported(rightNode);
    const left = this.expression(leftNode, depth + 1);
    const right = this.expression(rightNode, depth + 1);
    if (left.kind === 'number' && right.kind === 'number') {
      return { kind: 'number', value: compute(operator, left.value, right.value) };
    }
    if (left.kind !== 'number' && right.kind !== 'number') {
      throw invalid(
        'query',
        `uses ${operator} between two series, which is not supported here: one side must be a number`,
      );
    }
    return { kind: 'arithmetic', operator, left, right };
  }

  private call(node: SyntaxNode, depth: number): Expression {
    const name = node.firstChild?.firstChild;
    const given = argumentsOf(node);
    if (name === null || name === undefined) throw this.unsupported(node);
    const window = WINDOWS.get(name.name);
    if (window !== undefined) {
      const [matrix] = given;
      if (matrix === undefined || given.length !== 1) throw this.arity(name, 1);
      return this.overTime(name, strip(matrix), window.rate, node);
    }
    const histogram = HISTOGRAMS.get(name.name);
    if (histogram === undefined) throw this.unsupported(name, 'the function');
    const count = PARAMETERS[histogram];
    const of = given[count];
    if (of === undefined || given.length !== count + 1) throw this.arity(name, count + 1);
    const parameters = given.slice(0, count).map((parameter) => this.constant(parameter, name, depth));
    return { kind: 'histogram', name: histogram, parameters, of: this.series(of, name, depth) };
  }

  private overTime(name: SyntaxNode, matrix: SyntaxNode, rate: boolean, whole: SyntaxNode): Expression {
    if (matrix.name !== 'MatrixSelector') {
      throw matrix.name === 'VectorSelector'
        ? invalid('query', `needs a window after the selector of ${this.slice(name)}, such as [1m]`)
        : this.unsupported(matrix);
    }
    const [selector, duration] = childrenOf(matrix);
    if (selector?.name !== 'VectorSelector' || duration === undefined) throw this.unsupported(matrix);
    const window = durationMs(
      this.slice(duration)
        .replace(/^\[|\]$/g, '')
        .trim(),
    );
    if (window === undefined) throw this.unsupported(duration, 'the window');
    if (window < 1000 || window > WINDOW_MS_MAX) throw invalid('query', 'has a window that is not 1s to 1d');
    return {
      kind: 'leaf',
      leaf: { matchers: this.matchers(selector), window, rate, text: this.slice(whole) },
    };
  }

  private aggregate(node: SyntaxNode, depth: number): Expression {
    const operator = node.getChild('AggregateOp')?.firstChild;
    if (operator === null || operator === undefined) throw this.unsupported(node);
    const modifiers = node.getChildren('AggregateModifier');
    if (modifiers.length > 1) throw this.unsupported(node);
    const grouping = modifiers[0] === undefined ? EVERYTHING : this.grouping(modifiers[0]);
    const given = argumentsOf(node);
    if (operator.name === 'Topk') {
      const [count, of] = given;
      if (count === undefined || of === undefined || given.length !== 2) throw this.arity(operator, 2);
      const most = Math.trunc(this.constant(count, operator, depth));
      if (!(most >= 1 && most <= TOPK_MAX)) throw invalid('query', `has a topk that is not 1 to ${TOPK_MAX}`);
      return { kind: 'topk', count: most, grouping, of: this.series(of, operator, depth) };
    }
    if (operator.name !== 'Sum') throw this.unsupported(operator, 'the aggregation');
    const [summed] = given;
    if (summed === undefined || given.length !== 1) throw this.arity(operator, 1);
    const of = this.series(summed, operator, depth);
    if (of.kind === 'leaf' && of.leaf.sum === undefined) {
      return { kind: 'leaf', leaf: { ...of.leaf, sum: grouping, text: this.slice(node) } };
    }
    return { kind: 'sum', grouping, of };
  }

  private grouping(node: SyntaxNode): Grouping {
    const names = (node.getChild('GroupingLabels')?.getChildren('LabelName') ?? []).map((name) =>
      this.slice(name),
    );
    if (names.length > LABELS_MAX) throw invalid('query', `groups by more than ${LABELS_MAX} labels`);
    if (
      names.length < childrenOf(node.getChild('GroupingLabels') ?? node).length &&
      node.getChild('GroupingLabels')
    )
      throw this.unsupported(node);
    return { without: node.getChild('Without') !== null, labels: names };
  }

  private constant(node: SyntaxNode, of: SyntaxNode, depth: number): number {
    const value = this.expression(node, depth + 1);
    if (value.kind === 'number') return value.value;
    throw invalid('query', `needs a number as parameter of ${this.slice(of)}`);
  }

  private series(node: SyntaxNode, of: SyntaxNode, depth: number): Expression {
    const value = this.expression(node, depth + 1);
    if (value.kind !== 'number') return value;
    throw invalid('query', `needs series, not a number, in ${this.slice(of)}`);
  }

  private arity(name: SyntaxNode, count: number): Error {
    return invalid('query', `must give ${this.slice(name)} ${count} argument${count === 1 ? '' : 's'}`);
  }

  private matchers(selector: SyntaxNode): readonly Matcher[] {
    const name = selector.getChild('Identifier');
    const found: Matcher[] = name === null ? [] : [matcher(NAME_LABEL, '=', this.slice(name))];
    for (const node of childrenOf(selector.getChild('LabelMatchers'))) {
      const parts = childrenOf(node);
      const last = parts[parts.length - 1];
      if (node.name === 'QuotedLabelName' && last !== undefined) {
        found.push(matcher(NAME_LABEL, '=', this.quoted(last)));
        continue;
      }
      const [label, operator] = parts;
      if (label === undefined || operator === undefined || last === undefined) throw this.unsupported(node);
      const sign = this.slice(operator);
      if (!MATCH_OPERATORS.has(sign)) throw this.unsupported(node);
      if (sign.endsWith('~') && ++this.regexes > PROMQL_LIMITS.regexes) {
        throw invalid('query', `has more than ${PROMQL_LIMITS.regexes} regular expressions`);
      }
      const quoted = label.name === 'LabelName' ? this.slice(label) : this.quoted(label);
      found.push(matcher(quoted, sign as Matcher['operator'], this.quoted(last)));
    }
    if (found.length > MATCHERS_MAX)
      throw invalid('query', `has more than ${MATCHERS_MAX} matchers in one selector`);
    if (found.length === 0) throw invalid('query', 'has a selector without a name or a matcher');
    return found;
  }

  private quoted(node: SyntaxNode): string {
    const literal = node.name === 'StringLiteral' ? node : (node.firstChild ?? node);
    const text = unquote(this.slice(literal));
    if (text === undefined) throw invalid('query', `has a text that cannot be read: ${this.slice(literal)}`);
    return text;
  }
}

const WORDS = new Map([
  ['OffsetExpr', 'offset'],
  ['StepInvariantExpr', '@'],
  ['SubqueryExpr', 'a subquery'],
]);

function childrenOf(node: SyntaxNode | null): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  return childrenOf(node.getChild('FunctionCallBody'));
}

function strip(node: SyntaxNode): SyntaxNode {
  let inner = node;
  for (let i = 0; i < DEPTH_MAX && inner.name === 'ParenExpr'; i++) inner = childrenOf(inner)[0] ?? inner;
  return inner;
}

/** 1.5, 0x1f, 1e3, 1_000, Inf, NaN, and 5m, which is 300. */
function numberOf(text: string): number {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain === 'inf') return Infinity;
  if (plain === 'nan') return NaN;
  const number = Number(plain);
  if (!Number.isNaN(number)) return number;
  const duration = durationMs(plain);
  if (duration !== undefined) return duration / 1000;
  throw invalid('query', `has a number that cannot be read: ${text.slice(0, 40)}`);
}
