/*
 * Evaluation in memory, for sources that see each thing themselves (/proc, kstat, our own work, random numbers).
 * In: data points, { fields, value }. Out: the Value of an instrumentation: predicate, then breakdown, then sum.
 */
import type { Grid } from '../../../common/model/bucket';
import { fromCounts } from '../../../common/model/distribution';
import {
  breakdownOf,
  gridOfInstrumentation,
  type Instrumentation,
} from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { evaluate, predicateFields, type Constant, type Predicate } from '../../../common/model/predicate';
import { shapeOf, type Value } from '../../../common/model/value';

/** Names of fields are ours (metrics/fields.ts), so an object may hold them; their texts are anybody's. */
export type Fields = Readonly<Record<string, Constant>>;

export interface Point {
  readonly fields: Fields;
  /** How much it counts: 1 for an event or a thing, bytes for a transfer. */
  readonly value: number;
}

export type Question = Pick<Instrumentation, 'predicate' | 'decomposition' | 'fields'>;

/** Each field that the decomposition or the predicate names, once. */
export function neededFields({ decomposition, predicate }: Question): string[] {
  return [...new Set([...decomposition, ...predicateFields(predicate)])];
}

/** Adds up points, in any order, until they are taken. */
export class Tally {
  private readonly predicate: Predicate;
  private readonly discrete: string | undefined;
  private readonly numeric: string | undefined;
  private readonly grid: Grid;
  /** key ('' without a discrete field) -> bucket (0 without a numeric one) -> sum. */
  private sums = new Map<string, Map<number, number>>();

  constructor(question: Question) {
    const { discrete, numeric } = breakdownOf(question);
    this.predicate = question.predicate;
    this.discrete = discrete;
    this.numeric = numeric;
    this.grid = gridOfInstrumentation(question);
  }

  /** A point without a field that the breakdown names is not counted: it is in none of the groups. */
  add({ fields, value }: Point): void {
    if (value === 0 || !evaluate(this.predicate, (name) => fields[name])) return;
    const key = this.discrete === undefined ? '' : fields[this.discrete];
    const number = this.numeric === undefined ? 0 : fields[this.numeric];
    if (key === undefined || typeof number !== 'number') return;
    const text = cutKey(String(key));
    let counts = this.sums.get(text);
    if (counts === undefined) this.sums.set(text, (counts = new Map<number, number>()));
    const bucket = this.numeric === undefined ? 0 : this.grid.bucketOf(number);
    counts.set(bucket, (counts.get(bucket) ?? 0) + value);
  }

  /** What was added since the last take. */
  take(): Value {
    const sums = this.sums;
    this.sums = new Map();
    const shape = shapeOf({ discrete: this.discrete !== undefined, numeric: this.numeric !== undefined });
    switch (shape) {
      case 'number':
        return { shape, number: sums.get('')?.get(0) ?? 0 };
      case 'keyed':
        return { shape, numbers: new Map([...sums].map(([key, counts]) => [key, counts.get(0) ?? 0])) };
      case 'distribution':
        return { shape, distribution: fromCounts(sums.get('') ?? []) };
      case 'keyed-distribution':
        return {
          shape,
          distributions: new Map([...sums].map(([key, counts]) => [key, fromCounts(counts)])),
        };
    }
  }
}

export function valueOf(question: Question, points: Iterable<Point>): Value {
  const tally = new Tally(question);
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
