/*
 * Everything that follows from a panel's data for one drawing. In: the catalogue, a history, a window. Out: a View; the
 * same in words for those who do not see it; and what it can be compared with.
 */
import type { Catalogue, Instrumentation, MetricInfo, TypeInfo } from './answers.ts';
import { RAW_UNITS, type TypeName } from '../../../../common/model/field.ts';
import type { History, Point } from './history.ts';
import { breakdownOf, metricOf, questionOf, titleOf } from './question.ts';
import { percentile, type Slice } from './slice.ts';
import { clockText, spanText } from '../plot/time-axis.ts';
import { formatCounted, formatValue } from './units.ts';

export interface View {
  readonly instrumentation: Instrumentation;
  readonly metric: MetricInfo | undefined;
  readonly discrete: string | undefined;
  readonly numeric: string | undefined;
  /** Of the numeric field, and of the count itself. */
  readonly valueType: TypeInfo | undefined;
  readonly metricType: TypeInfo | undefined;
  /** What raw values of the numeric field are in: ns, bytes. */
  readonly rawUnit: string;
  /** What is counted, in the plural; '' where a type says it. */
  readonly unit: string;
  /** Of a level nothing is added up over time: totals are means. */
  readonly isLevel: boolean;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly points: readonly (Point | undefined)[];
  readonly all: Slice;
  readonly keys: readonly (readonly [string, number])[];
}

export function viewOf(
  catalogue: Catalogue,
  instrumentation: Instrumentation,
  history: History,
  start: number,
  end: number,
  step: number,
): View {
  const metric = metricOf(catalogue, instrumentation);
  const { discrete, numeric } = breakdownOf(catalogue, instrumentation.decomposition);
  const isLevel = (instrumentation['value-scope'] ?? metric?.interval) === 'point';
  const { all, keys } = history.totals(start, end, isLevel);
  const typeOf = (name: string | undefined): TypeInfo | undefined =>
    name === undefined ? undefined : catalogue.types[name];
  return {
    instrumentation,
    metric,
    discrete,
    numeric,
    valueType: numeric === undefined ? undefined : typeOf(catalogue.fields[numeric]?.type),
    metricType: typeOf(metric?.type),
    rawUnit: rawUnitOf(numeric === undefined ? undefined : catalogue.fields[numeric]?.type),
    unit: metric?.unit ?? (metric?.type === undefined ? 'events' : ''),
    isLevel,
    start,
    end,
    step,
    points: history.window(start, end),
    all,
    keys,
  };
}

function rawUnitOf(type: string | undefined): string {
  return type !== undefined && Object.hasOwn(RAW_UNITS, type) ? RAW_UNITS[type as TypeName] : '';
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
  const zone = new Date(view.start * 1000).getTimezoneOffset();
  const p = (share: number): string => formatValue(percentile(view.all, share) ?? 0, view.valueType);
  const [top] = view.keys;
  return [
    `${view.numeric === undefined ? 'Graph' : 'Heatmap'} of ${titleOf(catalogue, view.instrumentation)}`,
    `${clockText(view.start, zone)} to ${clockText(view.end, zone)}`,
    `${view.metricType === undefined || view.numeric !== undefined ? formatCounted(view.all.count, view.unit) : formatValue(view.all.count, view.metricType)}${view.isLevel ? ' on average' : ''}`,
    ...(view.numeric === undefined ? [] : [`median ${p(0.5)}, p99 ${p(0.99)}`]),
    ...(top === undefined ? [] : [`most: ${top[0]}`]),
  ].join(', ');
}
