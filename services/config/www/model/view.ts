/*
 * Everything that follows from a panel's data for one drawing. In: the catalogue, a history, a window. Out: a View; the
 * same in words for those who do not see it; and what it can be compared with.
 */
import type { Catalogue, Instrumentation, MetricInfo, TypeInfo } from './answers.ts';
import { RAW_UNITS, type TypeName } from '../../../../common/model/field.ts';
import type { ImageAnswer, KeyAnswer, LineAnswer } from '../../../../common/api/heatmap.ts';
import { slotsOf, type SlotStanding } from './completeness.ts';
import type { History, Point } from './values/history.ts';
import { breakdownOf, metricOf, questionOf, titleOf } from './question.ts';
import { clockText, spanText } from '../plot/time-axis.ts';
import { formatCounted, formatInField, formatValue } from './units.ts';

export interface View {
  readonly instrumentation: Instrumentation;
  readonly metric: MetricInfo | undefined;
  readonly discrete: string | undefined;
  readonly numeric: string | undefined;
  /** Of the numeric field, and of the count itself; and the name of the former. */
  readonly valueType: TypeInfo | undefined;
  readonly metricType: TypeInfo | undefined;
  readonly valueTypeName: TypeName;
  /** What raw values of the numeric field are in: ns, bytes. */
  readonly rawUnit: string;
  /** What is counted, in the plural; '' where a type says it. */
  readonly unit: string;
  /** Of a level nothing is added up over time: totals are means. */
  readonly isLevel: boolean;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** How complete each slot is; undefined: nothing came of it. */
  readonly slots: readonly (SlotStanding | undefined)[];
  /** Of graphs: what was counted in each. */
  readonly points: readonly (Point | undefined)[];
  /** All that was counted in the window; of a level the mean. */
  readonly count: number;
  /** Largest first. */
  readonly keys: readonly (readonly [string, number])[];
  /** Keys that are not among them. */
  readonly omitted: number;
  /** Of heatmaps: everything else about the picture. */
  readonly heat: ImageAnswer | undefined;
}

/** Which seconds are shown. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Of a graph, from its points. */
export function graphView(
  catalogue: Catalogue,
  instrumentation: Instrumentation,
  history: History,
  { start, end, step }: Stretch,
): View {
  const basis = basisOf(catalogue, instrumentation, { start, end, step });
  const { all, keys } = history.totals(start, end, basis.isLevel);
  const points = history.window(start, end);
  return { ...basis, slots: points, points, count: all.count, keys, omitted: 0, heat: undefined };
}

/** Of a heatmap, from its answer. */
export function heatmapView(
  catalogue: Catalogue,
  instrumentation: Instrumentation,
  answer: ImageAnswer,
  step: number,
): View {
  const { start_time: start, end_time: end, keys = [], omitted, total = 0 } = answer;
  return {
    ...basisOf(catalogue, instrumentation, { start, end, step }),
    slots: slotsOf(answer, step, instrumentation.granularity),
    points: [],
    count: total,
    keys: keys.map(({ key, total: count }: KeyAnswer) => [key, count] as const),
    omitted: omitted?.keys ?? 0,
    heat: answer,
  };
}

type Basis = Omit<View, 'slots' | 'points' | 'count' | 'keys' | 'omitted' | 'heat'>;

function basisOf(catalogue: Catalogue, instrumentation: Instrumentation, stretch: Stretch): Basis {
  const metric = metricOf(catalogue, instrumentation);
  const { discrete, numeric } = breakdownOf(catalogue, instrumentation.decomposition);
  const isLevel = (instrumentation['value-scope'] ?? metric?.interval) === 'point';
  const typeOf = (name: string | undefined): TypeInfo | undefined =>
    name === undefined ? undefined : catalogue.types[name];
  return {
    instrumentation,
    metric,
    discrete,
    numeric,
    valueType: numeric === undefined ? undefined : typeOf(catalogue.fields[numeric]?.type),
    metricType: typeOf(metric?.type),
    valueTypeName: typeNameOf(numeric === undefined ? undefined : catalogue.fields[numeric]?.type),
    rawUnit: rawUnitOf(numeric === undefined ? undefined : catalogue.fields[numeric]?.type),
    unit: metric?.unit ?? (metric?.type === undefined ? 'events' : ''),
    isLevel,
    ...stretch,
  };
}

/** A type that this page does not know is a plain number. */
export function typeNameOf(type: string | undefined): TypeName {
  return type !== undefined && Object.hasOwn(RAW_UNITS, type) ? (type as TypeName) : 'number';
}

function rawUnitOf(type: string | undefined): string {
  return type === undefined ? '' : RAW_UNITS[typeNameOf(type)];
}

/** Earlier times, and other instrumentations of the same numeric field and granularity: [versus, name]. */
export function comparableOf(
  catalogue: Catalogue,
  running: readonly Instrumentation[],
  i: Instrumentation,
): (readonly [string, string])[] {
  const mine = breakdownOf(catalogue, i.decomposition).numeric;
  const ago = [60, 300, 600, 1800, 3600, 86_400]
    .filter((seconds) => seconds < i['retention-time'] && seconds >= 10 * i.granularity)
    .map((seconds) => [String(seconds), `${spanText(seconds)} earlier`] as const);
  const others = running
    .filter((o) => o.id !== i.id && o.granularity === i.granularity)
    .filter((o) => breakdownOf(catalogue, o.decomposition).numeric === mine)
    .map((o) => [`#${o.id}`, `#${o.id} ${titleOf(catalogue, questionOf(o))}`] as const);
  return [...ago, ...others];
}

/** What a graph counts up its axis: "operations per second"; a level has no time in it. */
export function quantityOf({ unit, metric, isLevel, step }: View): string {
  const what = unit === '' ? (metric?.label ?? '') : unit;
  if (isLevel) return what;
  return step === 1 ? `${what} per second` : `${what} per ${spanText(step)}`;
}

/** For people who do not see the picture. */
export function summaryOf(catalogue: Catalogue, view: View): string {
  const p = (percent: number): string =>
    formatInField(
      view.heat?.percentiles?.find((line: LineAnswer) => line.percentile === percent)?.all ?? 0,
      view.valueType,
    );
  const [top] = view.keys;
  return [
    `${view.numeric === undefined ? 'Graph' : 'Heatmap'} of ${titleOf(catalogue, view.instrumentation)}`,
    `${clockText(view.start)} to ${clockText(view.end)}`,
    `${view.metricType === undefined || view.numeric !== undefined ? formatCounted(view.count, view.unit) : formatValue(view.count, view.metricType)}${view.isLevel ? ' on average' : ''}`,
    ...(view.numeric === undefined ? [] : [`median ${p(50)}, p99 ${p(99)}`]),
    ...(top === undefined ? [] : [`most: ${top[0]}`]),
  ].join(', ');
}
