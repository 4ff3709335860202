/*
 * Metric families, before they are formatted. In: numbers of a service. Out: families of one name, each with its series.
 * Next: text.ts and protobuf.ts write them.
 */
import { NAME_LABEL, type Labels } from '../promql/expression';

export interface HistogramValue {
  /** Upper bounds, inclusive, ascending, without +Inf; and the cumulative count at each. */
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
  readonly count: number;
  /** Absent: unknown. */
  readonly sum?: number;
  /** The same in exponential buckets, for protobuf. */
  readonly native?: NativeHistogram;
}

/** Prometheus' exponential buckets: index i holds what is above base^(i-1) and at most base^i, base = 2^(2^-schema). */
export interface NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Index and count, ascending. */
  readonly buckets: readonly (readonly [number, number])[];
}

export interface Metric {
  readonly labels: Labels;
  readonly value: number | HistogramValue;
  /** Start of counting, in milliseconds since 1970. */
  readonly created?: number;
}

export type FamilyType = 'counter' | 'gauge' | 'histogram';

export interface Family {
  /** For counters, without _total. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly unit: string;
  readonly metrics: readonly Metric[];
}

type Pairs = Readonly<Record<string, string>>;
type Valued = number | readonly (readonly [labels: Pairs, value: number | undefined])[];

/** One family of plain numbers; the last word of the name is its unit, if it is one. */
function plain(
  type: FamilyType,
  name: string,
  help: string,
  value: Valued | undefined,
  created?: number,
): Family[] {
  const pairs = value === undefined ? [] : typeof value === 'number' ? [[{}, value] as const] : value;
  const metrics = pairs.flatMap(([labels, number]): Metric[] =>
    number === undefined
      ? []
      : [
          {
            labels: new Map(Object.entries(labels)),
            value: number,
            ...(created === undefined ? {} : { created }),
          },
        ],
  );
  return metrics.length === 0 ? [] : [{ name, type, help, unit: unitIn(name), metrics }];
}

export function gauge(name: string, help: string, value: Valued | undefined): Family[] {
  return plain('gauge', name, help, value);
}

/** `created`: milliseconds since 1970. */
export function counter(name: string, help: string, value: Valued | undefined, created?: number): Family[] {
  return plain('counter', name, help, value, created);
}

function unitIn(name: string): string {
  return ['seconds', 'bytes', 'ratio'].find((unit) => name.endsWith(`_${unit}`)) ?? '';
}

/** Merges families of one name, as the formats require; the first one's type applies. */
export function merged(families: readonly Family[]): Family[] {
  const byName = new Map<string, Family>();
  for (const family of families) {
    const known = byName.get(family.name);
    if (known === undefined) byName.set(family.name, family);
    else if (known.type === family.type) {
      byName.set(family.name, { ...known, metrics: [...known.metrics, ...family.metrics] });
    }
  }
  return [...byName.values()];
}

/** The same families with more labels on each series. */
export function labelled(families: readonly Family[], labels: Pairs): Family[] {
  return families.map((family) => ({
    ...family,
    metrics: family.metrics.map((metric) => ({
      ...metric,
      labels: new Map([...metric.labels, ...Object.entries(labels)]),
    })),
  }));
}

export function withoutName(labels: Labels): Labels {
  return new Map([...labels].filter(([name]) => name !== NAME_LABEL));
}
