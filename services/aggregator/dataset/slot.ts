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

/** Distinct keys of one slot; the smallest go into "(other)". */
export const KEYS_PER_SLOT = 1000;
/** A slot that still takes values; beyond it its smallest keys go into "(other)". */
const OPEN_SLOT_BYTES = 4 * 1024 * 1024;
/** A report that comes this long after the end of its second is late: it is counted as such, and used. */
export const LATE_MS = 2000;

/** The slot itself: object, map entry. */
const SLOT_BYTES = 150;

export class Slot {
  /** First second of the slot. */
  readonly time: number;
  /** Events that nodes know to be missing from their values. */
  lost = 0;
  /** Reports that came more than LATE_MS after the end of what they cover. */
  late = 0;
  /** Reports that are in it. */
  reports = 0;
  /** Where these come from: a set (common/model/source-name.ts). */
  sources = 0;
  /** The dataset's count of changes when this slot changed last. */
  version = 0;
  /** Fewest nodes that reported in those of its periods that have left the presence ring. */
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

  /** `share`: the part of it that counts. */
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
    // Up to twice the limit before folding: the ranking costs a sort, and late bloomers get their chance.
    if (cells.size > 2 * KEYS_PER_SLOT) cells.foldSmallest(KEYS_PER_SLOT - 1);
    else if (cells.bytes > OPEN_SLOT_BYTES) cells.foldSmallest(Math.floor(cells.size / 2));
  }

  /** Rows of a slot that was written down; buckets ascending. */
  addRow(key: string, buckets: Uint16Array, counts: Float64Array): void {
    this.reopened().addRow(key, { buckets, counts, from: 0, to: buckets.length });
  }

  each(visit: RowVisitor): void {
    this.cells.each(visit);
  }

  /** True when keys had to be folded, so that the slot reads differently from now on. */
  seal(dictionary: Dictionary): boolean {
    const { cells } = this;
    if (!(cells instanceof Cells)) return false;
    const keys = cells.size;
    if (keys > KEYS_PER_SLOT) cells.foldSmallest(KEYS_PER_SLOT - 1);
    this.cells = new Sealed(cells, dictionary);
    return cells.size !== keys;
  }

  /** The slot is given up: its keys may be forgotten. */
  drop(): void {
    if (this.cells instanceof Sealed) this.cells.release();
  }

  private reopened(): Cells {
    if (this.cells instanceof Sealed) this.cells = this.cells.reopen(this.zeros);
    return this.cells;
  }
}

/** Buckets and counts in turn. */
function scaled(d: Distribution, share: number): Distribution {
  return share === 1 ? d : d.map((number, i) => (i % 2 === 0 ? number : number * share));
}
