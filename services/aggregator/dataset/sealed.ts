/*
 * A finished slot: the same rows as cells.ts in as few bytes as possible, exactly.
 * In: Cells. Out: rows again; add() reopens it when a late report comes.
 *
 * One array of buckets, one of counts, both for all keys in a row; counts take 2 bytes where all of them fit, else 4,
 * else they are doubles. 20 keys of 40 buckets are 3.2 KB a second.
 */
import { Cells, type Counts, type RowVisitor } from './cells';
import type { Dictionary } from './dictionary';

/** Approximate size of object and array headers of one sealed slot. */
const HEADER_BYTES = 500;
const NO_KEYS = new Uint32Array(0);

export class Sealed {
  readonly bytes: number;
  private readonly keys: Uint32Array;
  /** Row i is from starts[i] to starts[i + 1]. */
  private readonly starts: Uint32Array;
  private readonly buckets: Uint16Array;
  private readonly counts: Counts;
  private readonly dictionary: Dictionary;

  /** Keys that do not fit into the dictionary are first folded into "(other)", which changes the cells. */
  constructor(cells: Cells, dictionary: Dictionary) {
    for (const key of [...cells.keys()]) if (!dictionary.accepts(key)) cells.fold(key);
    const keys: number[] = [];
    const starts: number[] = [0];
    let total = 0;
    let largest = 0;
    let whole = true;
    cells.each((key, { counts, from, to }) => {
      keys.push(dictionary.take(key));
      total += to - from;
      starts.push(total);
      for (let i = from; i < to; i++) {
        const count = counts[i] ?? 0;
        largest = Math.max(largest, count);
        whole &&= Number.isInteger(count) && count >= 0;
      }
    });
    this.dictionary = dictionary;
    this.keys = keys.length === 0 ? NO_KEYS : Uint32Array.from(keys);
    this.starts = Uint32Array.from(starts);
    this.buckets = new Uint16Array(total);
    this.counts = whole && largest < 2 ** 16 ? new Uint16Array(total) : wide(total, whole, largest);
    let at = 0;
    cells.each((_key, { buckets, counts, from, to }) => {
      this.buckets.set(buckets.subarray(from, to), at);
      this.counts.set(counts.subarray(from, to), at);
      at += to - from;
    });
    this.bytes =
      HEADER_BYTES +
      this.keys.byteLength +
      this.starts.byteLength +
      this.buckets.byteLength +
      this.counts.byteLength;
  }

  each(visit: RowVisitor): void {
    const { keys, starts, buckets, counts } = this;
    for (let i = 0; i < keys.length; i++) {
      const row = { buckets, counts, from: starts[i] ?? 0, to: starts[i + 1] ?? 0 };
      visit(this.dictionary.name(keys[i] ?? 0), row);
    }
  }

  /** Cells with the same content. Releases the keys, so the sealed form must not be used again. */
  reopen(zeros: boolean): Cells {
    const cells = new Cells({ zeros });
    this.each((key, row) => {
      cells.addRow(key, row);
    });
    this.release();
    return cells;
  }

  release(): void {
    for (const key of this.keys) this.dictionary.release(key);
  }
}

function wide(length: number, whole: boolean, largest: number): Counts {
  return whole && largest < 2 ** 32 ? new Uint32Array(length) : new Float64Array(length);
}
