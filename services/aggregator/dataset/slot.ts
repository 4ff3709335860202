/*
 * One slot of an instrumentation: granularity seconds of values, all nodes added together. In: values.
 * Out: rows. Open (cells.ts) while values still come, sealed (sealed.ts) afterwards; a late value reopens it.
 * Next on the walk: routes.ts.
 */
import type { Distribution } from '../../../common/model/distribution';
import type { Value } from '../../../common/model/value';
import { Cells, type RowVisitor } from './cells';
import type { Dictionary } from './dictionary';
import { Sealed } from './sealed';

/** Greatest number of keys in a slot; the smallest are folded into "(other)". */
export const KEYS_PER_SLOT = 1000;
/** Size limit of an open slot; above it the smallest keys are folded into "(other)". */
const OPEN_SLOT_BYTES = 4 * 1024 * 1024;
/** A report that comes this long after the end of its second is counted as late, and still added. */
export const LATE_MS = 2000;

/** The slot itself: object, map entry. */
const SLOT_BYTES = 150;

export class Slot {
  /** First second of the slot. */
  readonly time: number;
  /** Events that nodes report as missing from their values. */
  lost = 0;
  /** Reports that came more than LATE_MS after the end of their period. */
  late = 0;
  /** Number of reports in it. */
  reports = 0;
  /** Sources of the reports, as a bit set (common/model/source-name.ts). */
  sources = 0;
  /** The dataset's version at the last change of this slot. */
  version = 0;
  /** Least number of reporting nodes over its periods that have left the presence ring. */
  leastReporting = Infinity;
  private cells: Cells | Sealed;
  private readonly zeros: boolean;

  constructor(time: number, options: { zeros: boolean }) {
    this.time = time;
    this.zeros = options.zeros;
    this.cells = new Cells(options);
  }

  get bytes(): number {
    return SLOT_BYTES + this.cells.bytes;
  }

  get open(): boolean {
    return this.cells instanceof Cells;
  }

  /** `share`: weight of the value. */
  add(value: Value, share = 1): void {
    const cells = this.reopened();
    switch (value.shape) {
      case 'number':
        cells.addNumber('', value.number * share);
        break;
      case 'keyed':
        for (const [key, number] of value.numbers) cells.addNumber(key, number * share);
        break;
      case 'distribution':
        cells.addDistribution('', scaled(value.distribution, share));
        break;
      case 'keyed-distribution':
        for (const [key, d] of value.distributions) cells.addDistribution(key, scaled(d, share));
        break;
    }
    // Fold only at twice the limit: ranking costs a sort, and keys that grow late are not folded early.
    if (cells.size > 2 * KEYS_PER_SLOT) cells.foldSmallest(KEYS_PER_SLOT - 1);
    else if (cells.bytes > OPEN_SLOT_BYTES) cells.foldSmallest(Math.floor(cells.size / 2));
  }

  /** Adds a row read from disk; buckets ascending. */
  addRow(key: string, buckets: Uint16Array, counts: Float64Array): void {
    this.reopened().addRow(key, { buckets, counts, from: 0, to: buckets.length });
  }

  each(visit: RowVisitor): void {
    this.cells.each(visit);
  }

  /** Returns true when keys were folded, so that the slot's value has changed. */
  seal(dictionary: Dictionary): boolean {
    const { cells } = this;
    if (!(cells instanceof Cells)) return false;
    const keys = cells.size;
    if (keys > KEYS_PER_SLOT) cells.foldSmallest(KEYS_PER_SLOT - 1);
    this.cells = new Sealed(cells, dictionary);
    return cells.size !== keys;
  }

  /** Releases the slot's keys; it is dropped. */
  drop(): void {
    if (this.cells instanceof Sealed) this.cells.release();
  }

  private reopened(): Cells {
    if (this.cells instanceof Sealed) this.cells = this.cells.reopen(this.zeros);
    return this.cells;
  }
}

/** `d` alternates buckets and counts. */
function scaled(d: Distribution, share: number): Distribution {
  return share === 1 ? d : d.map((number, i) => (i % 2 === 0 ? number : number * share));
}
