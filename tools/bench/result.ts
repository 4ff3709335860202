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
  readonly targets: readonly Target[];
  /** Of several rounds: false only when every round misses a target. */
  readonly ok: boolean;
  /** Misses a target of its ratio by more than a factor of 4: wrong even on a busy machine. */
  readonly farOff: boolean;
  /** Where there were several: the figures above are those of the median round. */
  readonly rounds?: Rounds;
}

interface Rounds {
  readonly count: number;
  /** The least and the greatest of all. */
  readonly value: readonly [number, number];
  readonly ratio: readonly [number, number] | null;
  readonly medianOk: boolean;
}

interface Measured {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly reference?: Reference | undefined;
  readonly targets?: readonly Target[];
}

const FAR = 4;

export function result({ id, what, value, unit, reference, targets = [] }: Measured): Result {
  const ratio = reference === undefined ? null : value / reference.value;
  const figures = { value, ratio };
  return {
    id,
    what,
    value: round(value),
    unit,
    reference: reference === undefined ? null : { ...reference, value: round(reference.value) },
    ratio: ratio === null ? null : round(ratio),
    target: targets.map((target) => describe(target, unit)).join(', '),
    targets,
    ok: !Number.isNaN(value) && targets.every((target) => holds(figures, target)),
    farOff: targets.some((target) => target.of === 'ratio' && !holds(figures, target, FAR)),
  };
}

/** slack: the factor by which it may miss. */
export function holds(
  { value, ratio }: Pick<Result, 'value' | 'ratio'>,
  { of, atMost = Infinity, atLeast = -Infinity }: Target,
  slack = 1,
): boolean {
  const figure = of === 'ratio' ? (ratio ?? NaN) : value;
  return figure <= atMost * slack && figure >= atLeast / slack;
}

/** What was to be measured and was not: a row of its own, so that nobody takes silence for success. */
export function unmeasured(id: string, what: string, reason: string): Result {
  const nothing = { value: NaN, unit: '', reference: null, ratio: null, target: '', targets: [] };
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

/** What bench/results.json keeps of a result. */
export type Kept = Omit<Result, 'farOff' | 'targets'>;

export function row(r: Kept): string {
  const reference = r.reference === null ? '' : `${r.reference.what}: ${r.reference.value}`;
  const { rounds } = r;
  const spread = rounds === undefined ? '' : ` (${rounds.value.join(' to ')} in ${rounds.count})`;
  const ratios = rounds?.ratio ?? undefined;
  const spreadOfRatio = ratios === undefined ? '' : ` (${ratios.join(' to ')})`;
  const ratio = r.ratio === null ? '' : `${r.ratio}${spreadOfRatio}`;
  const reached = rounds?.medianOk === false ? 'in some rounds' : 'yes';
  const verdict = r.reason === undefined && r.target === '' ? '' : r.ok ? reached : 'NO';
  const value = r.reason === undefined ? `${r.value} ${r.unit}${spread}` : `not measured: ${r.reason}`;
  return `| ${[r.what, value, reference, ratio, r.target, verdict].join(' | ')} |`;
}

export const TABLE_HEAD =
  '| what | measured | compared with (same run) | ratio | target | reached |\n|---|---|---|---|---|---|';
