/*
 * One measured figure, next to what it is compared with. In: value, reference, targets. Out: a row of
 * bench/results.json and of the table on the screen.
 */

interface Reference {
  /** What was measured in the same run to compare with. */
  readonly what: string;
  readonly value: number;
}

/** A bound on the figure itself, or on its ratio to the reference. */
export interface Target {
  readonly of: 'value' | 'ratio';
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Result {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Only where nothing was measured: why not. The value is NaN (null in JSON) then. */
  readonly reason?: string;
  readonly reference: Reference | null;
  /** value / reference. */
  readonly ratio: number | null;
  /** For people; empty: the figure is only shown. */
  readonly target: string;
  readonly ok: boolean;
  /** Misses a target of its ratio by more than a factor of 3: wrong even on a busy machine. */
  readonly farOff: boolean;
}

interface Measured {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly reference?: Reference | undefined;
  readonly targets?: readonly Target[];
}

const FAR = 3;

export function result({ id, what, value, unit, reference, targets = [] }: Measured): Result {
  const ratio = reference === undefined ? null : value / reference.value;
  const figure = (target: Target): number => (target.of === 'ratio' ? (ratio ?? NaN) : value);
  const holds = (target: Target, slack: number): boolean =>
    figure(target) <= (target.atMost ?? Infinity) * slack &&
    figure(target) >= (target.atLeast ?? -Infinity) / slack;
  return {
    id,
    what,
    value: round(value),
    unit,
    reference: reference === undefined ? null : { ...reference, value: round(reference.value) },
    ratio: ratio === null ? null : round(ratio),
    target: targets.map((target) => describe(target, unit)).join(', '),
    ok: !Number.isNaN(value) && targets.every((target) => holds(target, 1)),
    farOff: targets.some((target) => target.of === 'ratio' && !holds(target, FAR)),
  };
}

/** What was to be measured and was not: a row of its own, so that nobody takes silence for success. */
export function unmeasured(id: string, what: string, reason: string): Result {
  const nothing = { value: NaN, unit: '', reference: null, ratio: null, target: '' };
  return { id, what, ...nothing, reason, ok: false, farOff: false };
}

function describe({ of, atMost, atLeast }: Target, unit: string): string {
  const bound = atMost === undefined ? `≥ ${atLeast ?? '?'}` : `≤ ${atMost}`;
  return of === 'ratio' ? `ratio ${bound}` : `${bound} ${unit}`;
}

/** Three digits that mean something. */
function round(n: number): number {
  return Math.abs(n) >= 100 ? Math.round(n) : Number(n.toPrecision(3));
}

export function row(r: Omit<Result, 'farOff'>): string {
  const reference = r.reference === null ? '' : `${r.reference.what}: ${r.reference.value}`;
  const ratio = r.ratio === null ? '' : String(r.ratio);
  const verdict = r.reason === undefined && r.target === '' ? '' : r.ok ? 'yes' : 'NO';
  const value = r.reason === undefined ? `${r.value} ${r.unit}` : `not measured: ${r.reason}`;
  return `| ${[r.what, value, reference, ratio, r.target, verdict].join(' | ')} |`;
}

export const TABLE_HEAD =
  '| what | measured | compared with (same run) | ratio | target | reached |\n|---|---|---|---|---|---|';
