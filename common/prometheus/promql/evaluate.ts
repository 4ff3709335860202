/*
 * Evaluates a query above its leaves: sums, topk, quantiles, arithmetic. In: the tree, and a source of leaves.
 * Out: a number, or series with a point at each step. The same in aggregators, whose leaves are datasets, and at the front
 * door, whose leaves are aggregators.
 */
import { CaError, invalid } from '../../service/errors';
import {
  groupLabels,
  labelsKey,
  NAME_LABEL,
  type Expression,
  type Grouping,
  type HistogramFunction,
  type Labels,
  type Leaf,
  type Operator,
} from './expression';
import { addHistograms, countOf, fractionOf, quantileOf, scaled, sumOf, type Histogram } from './histogram';
import { PROMQL_LIMITS } from './limits';
import { compute } from './arithmetic';

export type Point = number | Histogram;

export interface Series {
  readonly labels: Labels;
  /** By step; undefined: no value at that time. */
  readonly points: readonly (Point | undefined)[];
}

export type Result =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'series'; readonly series: readonly Series[] };

/** Sentences for people: `warnings` about missing data, `infos` about data that was omitted on purpose. */
export class Notes {
  readonly warnings = new Set<string>();
  readonly infos = new Set<string>();
}

/** Bounds the cost of one query. */
export class Budget {
  private series = 0;
  private numbers = 0;
  private readonly until: number;
  private readonly limits: { readonly series: number; readonly numbers: number; readonly ms: number };

  constructor(limits: Budget['limits']) {
    this.limits = limits;
    this.until = performance.now() + limits.ms;
  }

  /**
   * Throws an INVALID error for too many series or numbers, or when the query exceeds the time limit of all queries;
   * TIMED_OUT when it exceeds the client's own.
   */
  spend(series: number, numbers: number): void {
    this.series += series;
    this.numbers += numbers;
    if (this.series > this.limits.series) {
      throw invalid('query', `reads more than ${this.limits.series} series: sum them, or match fewer`);
    }
    if (this.numbers > this.limits.numbers) {
      throw invalid(
        'query',
        `reads more than ${this.limits.numbers} numbers: ask for less time, larger steps, or fewer series`,
      );
    }
    if (performance.now() > this.until) {
      if (this.limits.ms < PROMQL_LIMITS.ms) {
        throw new CaError('TIMED_OUT', `the query takes longer than its timeout of ${this.limits.ms} ms`);
      }
      throw invalid(
        'query',
        `takes longer than ${this.limits.ms} ms: ask for less time, larger steps, or fewer series`,
      );
    }
  }
}

export interface Evaluation {
  readonly leaf: (leaf: Leaf) => Promise<readonly Series[]>;
  readonly notes: Notes;
  readonly budget: Budget;
}

export async function evaluate(expression: Expression, of: Evaluation): Promise<Result> {
  switch (expression.kind) {
    case 'number':
      return { kind: 'scalar', value: expression.value };
    case 'leaf':
      return { kind: 'series', series: await of.leaf(expression.leaf) };
    case 'sum':
      return {
        kind: 'series',
        series: sumSeries(await seriesOf(expression.of, of), expression.grouping, of.notes),
      };
    case 'topk':
      return { kind: 'series', series: topSeries(await seriesOf(expression.of, of), expression, of.notes) };
    case 'histogram': {
      const read = reader(expression.name, expression.parameters);
      const series = await seriesOf(expression.of, of);
      return {
        kind: 'series',
        series: mapped(series, (point) => (typeof point === 'number' ? undefined : read(point))),
      };
    }
    case 'arithmetic':
      return { kind: 'series', series: await arithmetic(expression, of) };
  }
}

async function seriesOf(expression: Expression, of: Evaluation): Promise<readonly Series[]> {
  const result = await evaluate(expression, of);
  return result.kind === 'series' ? result.series : [];
}

/** Adds up series with equal labels after grouping. */
export function sumSeries(series: readonly Series[], grouping: Grouping, notes: Notes): Series[] {
  const sums = new Map<string, { labels: Labels; points: (Point | undefined)[] }>();
  for (const { labels, points } of series) {
    const kept = groupLabels(labels, grouping);
    const key = labelsKey(kept);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { labels: kept, points: [...points] });
    else {
      points.forEach((point, i) => {
        sum.points[i] = addPoints(sum.points[i], point, notes);
      });
    }
  }
  return [...sums.values()];
}

function addPoints(a: Point | undefined, b: Point | undefined, notes: Notes): Point | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = typeof a === 'number' || typeof b === 'number' ? undefined : addHistograms(a, b);
  if (sum === undefined)
    notes.warnings.add('series of different kinds cannot be added; of these only the first counts');
  return sum ?? a;
}

function topSeries(
  series: readonly Series[],
  { count, grouping }: { readonly count: number; readonly grouping: Grouping },
  notes: Notes,
): Series[] {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const key = labelsKey(groupLabels(one.labels, grouping));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((group) => topOf(group, count, notes));
}

function topOf(group: readonly Series[], count: number, notes: Notes): Series[] {
  const kept = group.map(({ labels }) => ({ labels, points: [] as (Point | undefined)[] }));
  const steps = group[0]?.points.length ?? 0;
  for (let step = 0; step < steps; step++) {
    const ranked: { value: number; of: number }[] = [];
    group.forEach(({ points }, of) => {
      const point = points[step];
      if (typeof point === 'number') ranked.push({ value: point, of });
      else if (point !== undefined)
        notes.infos.add('topk passes over histograms: rank histogram_count() or another number');
    });
    ranked.sort((a, b) => rank(b.value) - rank(a.value) || a.of - b.of);
    for (const one of kept) one.points.push(undefined);
    for (const { value, of } of ranked.slice(0, count)) {
      const points = kept[of]?.points;
      if (points !== undefined) points[step] = value;
    }
  }
  return kept.filter(({ points }) => points.some((point) => point !== undefined));
}

/** NaN ranks last, as in Prometheus. */
function rank(value: number): number {
  return Number.isNaN(value)
    ? -Number.MAX_VALUE
    : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

function reader(
  name: HistogramFunction,
  [first = NaN, second = NaN]: readonly number[],
): (h: Histogram) => number {
  switch (name) {
    case 'quantile':
      return (h) => quantileOf(h, first);
    case 'fraction':
      return (h) => fractionOf(h, first, second);
    case 'count':
      return countOf;
    case 'sum':
      return sumOf;
    case 'avg':
      return (h) => sumOf(h) / countOf(h);
  }
}

async function arithmetic(
  {
    operator,
    left,
    right,
  }: { readonly operator: Operator; readonly left: Expression; readonly right: Expression },
  of: Evaluation,
): Promise<Series[]> {
  const [a, b] = [await evaluate(left, of), await evaluate(right, of)];
  if (a.kind === 'scalar' && b.kind === 'series') {
    const { value } = a;
    return mapped(b.series, (point) => {
      if (typeof point === 'number') return compute(operator, value, point);
      return operator === '*' ? scaled(point, value) : unfit(operator, of.notes);
    });
  }
  if (a.kind === 'series' && b.kind === 'scalar') {
    const { value } = b;
    return mapped(a.series, (point) => {
      if (typeof point === 'number') return compute(operator, point, value);
      if (operator === '*') return scaled(point, value);
      return operator === '/' ? scaled(point, 1 / value) : unfit(operator, of.notes);
    });
  }
  throw invalid('query', `uses ${operator} between two series, which is not supported here`);
}

function unfit(operator: Operator, notes: Notes): undefined {
  notes.infos.add(`${operator} passes over histograms`);
  return undefined;
}

/** Series without their names; empty ones are omitted. */
function mapped(series: readonly Series[], change: (point: Point) => Point | undefined): Series[] {
  return series
    .map(({ labels, points }) => ({
      labels: unnamed(labels),
      points: points.map((point) => (point === undefined ? undefined : change(point))),
    }))
    .filter(({ points }) => points.some((point) => point !== undefined));
}

export function unnamed(labels: Labels): Labels {
  if (!labels.has(NAME_LABEL)) return labels;
  return new Map([...labels].filter(([name]) => name !== NAME_LABEL));
}
