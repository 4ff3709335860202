/*
 * Evaluation in memory, for sources that have each item themselves (/proc, kstat, our own work, random numbers).
 * In: data points, { fields, value }. Out: the Value of an instrumentation: predicate, then breakdown, then sum.
 */
import type { Grid } from '../../../common/model/bucket';
import {
  breakdownOf,
  gridOfInstrumentation,
  shapeOfInstrumentation,
  type Instrumentation,
} from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import {
  evaluate,
  predicateFields,
  type Constant,
  type Predicate,
} from '../../../common/model/predicate/predicate';
import { Tally } from '../../../common/model/tally';
import type { Value } from '../../../common/model/value';

/** Names of fields are ours (metrics/fields.ts), so an object may hold them; their texts are untrusted. */
export type Fields = Readonly<Record<string, Constant>>;

export interface Point {
  readonly fields: Fields;
  /** How much it counts: 1 for an event or an item, bytes for a transfer. */
  readonly value: number;
}

export type Question = Pick<Instrumentation, 'predicate' | 'decomposition' | 'fields'>;

/** Each field that the decomposition or the predicate names, once. */
export function neededFields({ decomposition, predicate }: Question): string[] {
  return [...new Set([...decomposition, ...predicateFields(predicate)])];
}

/** Sums points, in any order, until they are taken. */
export class PointTally {
  private readonly predicate: Predicate;
  private readonly discrete: string | undefined;
  private readonly numeric: string | undefined;
  private readonly grid: Grid;
  private readonly tally: Tally;

  constructor(question: Question) {
    const { discrete, numeric } = breakdownOf(question);
    this.predicate = question.predicate;
    this.discrete = discrete;
    this.numeric = numeric;
    this.grid = gridOfInstrumentation(question);
    this.tally = new Tally(shapeOfInstrumentation(question));
  }

  /** A point without a field that the breakdown names is not counted: it is in none of the groups. */
  add({ fields, value }: Point): void {
    if (value === 0 || !evaluate(this.predicate, (name) => fields[name])) return;
    const key = this.discrete === undefined ? '' : fields[this.discrete];
    const number = this.numeric === undefined ? 0 : fields[this.numeric];
    if (key === undefined || typeof number !== 'number') return;
    this.tally.add(cutKey(String(key)), this.numeric === undefined ? 0 : this.grid.bucketOf(number), value);
  }

  /** The sum since the last take(). */
  take(): Value {
    return this.tally.take();
  }
}

export function valueOf(question: Question, points: Iterable<Point>): Value {
  const tally = new PointTally(question);
  for (const point of points) tally.add(point);
  return tally.take();
}

/** Keys of more than LIMITS.keyBytes bytes are cut, never inside a character. */
function cutKey(key: string): string {
  // A UTF-16 unit is at most three bytes of UTF-8: most keys need no counting.
  if (key.length * 3 <= LIMITS.keyBytes || Buffer.byteLength(key) <= LIMITS.keyBytes) return key;
  const bytes = Buffer.from(key);
  let end = LIMITS.keyBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
