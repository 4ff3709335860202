/*
 * An instrumentation as a Prometheus metric: its name, its labels, its unit. In: an instrumentation. Out: the same names
 * in the read API, in exports and in pushes.
 *
 *     disk.physio_ops by disk and latency, id 5  →  ca_disk_physio_ops_latency_seconds{id="5",disk="sda"}
 */
import type { TypeName } from '../model/field';
import { breakdownOf, gridOfInstrumentation, type Instrumentation } from '../model/instrumentation';
import { predicateText } from '../model/predicate/predicate-text';
import { NAME_LABEL, type Labels } from './promql/expression';
import { Edges } from './promql/histogram';

interface Unit {
  /** Suffix of the name; '' for plain counts. */
  readonly suffix: string;
  /** Divisor of raw values. */
  readonly per: number;
}

const UNITS: Partial<Record<TypeName, Unit>> = {
  time: { suffix: 'seconds', per: 1e9 },
  subsecond: { suffix: 'seconds', per: 1e3 },
  size: { suffix: 'bytes', per: 1 },
  percent: { suffix: 'ratio', per: 100 },
};
const PLAIN: Unit = { suffix: '', per: 1 };

export interface Naming {
  readonly name: string;
  /** For distributions the numeric field's unit, else the metric's own. */
  readonly unit: string;
  readonly perUnit: number;
  readonly distribution: boolean;
  readonly help: string;
  /** Without the discrete field. */
  readonly labels: Labels;
  /** Label of the discrete field. */
  readonly keyLabel: string | undefined;
}

/** Labels with another meaning here, in Prometheus or in scrapes. */
const TAKEN = new Set(['id', 'customer', 'predicate', 'le', 'quantile', 'job', 'instance', 'aggregator']);

export function namingOf(i: Instrumentation): Naming {
  const { discrete, numeric } = breakdownOf(i);
  const type = numeric === undefined ? i.type : i.fields[numeric];
  const unit = (type === undefined ? undefined : UNITS[type]) ?? PLAIN;
  const words = [i.module, i.stat, ...(numeric === undefined ? [] : [numeric])].map(plain).join('_');
  const suffix = unit.suffix === '' || words.endsWith(`_${unit.suffix}`) ? '' : `_${unit.suffix}`;
  const name = `ca_${words}${suffix}`;
  const predicate =
    i.predicate.kind === 'always' ? '' : predicateText(i.predicate, (field) => i.fields[field]);
  const labels = new Map([[NAME_LABEL, name]]);
  if (i.customer !== undefined) labels.set('customer', i.customer);
  labels.set('id', i.id);
  if (predicate !== '') labels.set('predicate', cut(predicate));
  return {
    name,
    unit: unit.suffix,
    perUnit: unit.per,
    distribution: numeric !== undefined,
    help: helpOf(i, numeric),
    labels,
    keyLabel: discrete === undefined ? undefined : keyLabelOf(discrete),
  };
}

/** Greatest length of the label: labels are compared often. A surrogate pair is not split. */
const PREDICATE_LENGTH = 200;

function cut(text: string): string {
  return text.length <= PREDICATE_LENGTH
    ? text
    : `${text.slice(0, PREDICATE_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

export function labelsOf({ labels, keyLabel }: Naming, key: string): Labels {
  return keyLabel === undefined ? labels : new Map([...labels, [keyLabel, key]]);
}

const edges = new Map<string, Edges>();

/** Created once per type; there are few. */
export function edgesOf(i: Pick<Instrumentation, 'decomposition' | 'fields'>): Edges {
  const { numeric } = breakdownOf(i);
  const type = numeric === undefined ? 'number' : (i.fields[numeric] ?? 'number');
  const known = edges.get(type) ?? new Edges(gridOfInstrumentation(i), (UNITS[type] ?? PLAIN).per);
  edges.set(type, known);
  return known;
}

/** The unit of a type. */
export function unitOf(type: TypeName): Unit {
  return UNITS[type] ?? PLAIN;
}

function keyLabelOf(field: string): string {
  const label = plain(field);
  return TAKEN.has(label) || !/^[a-zA-Z]/.test(label) ? `field_${label}` : label;
}

function plain(word: string): string {
  return word.replace(/[^a-zA-Z0-9_]/g, '_');
}

function helpOf(
  { module, stat, valueScope, granularity }: Instrumentation,
  numeric: string | undefined,
): string {
  const every = granularity === 1 ? 'each second' : `every ${granularity} s`;
  if (numeric !== undefined) {
    return `${module}.${stat} by ${numeric}: the distribution of ${every}; add a window up with sum_over_time.`;
  }
  return valueScope === 'point'
    ? `${module}.${stat}, as it stands ${every}.`
    : `${module}.${stat}, counted ${every}; add a window up with sum_over_time.`;
}
