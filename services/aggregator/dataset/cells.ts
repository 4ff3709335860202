/*
 * Counts by key and bucket, while they still change: one open slot, or a sum in progress.
 * In: keys with distributions or numbers. Out: rows, one per key, buckets ascending. Next: sealed.ts keeps them small.
 *
 * All four shapes are kept in this one form: a shape without a discrete field has the single key '', and a shape
 * without a numeric field has the single bucket 0.
 */
import type { Distribution } from '../../../common/model/distribution';
import { byRank, OTHER } from '../../../common/model/tally';

/** The counts of one key: buckets[from..to) ascend, counts stand beside them. Valid only during the visit. */
export interface Row {
  readonly buckets: Uint16Array;
  readonly counts: Counts;
  readonly from: number;
  readonly to: number;
}

export type Counts = Uint16Array | Uint32Array | Float64Array;

export type RowVisitor = (key: string, row: Row) => void;

/** Windows grow by this many buckets: about two thirds of a decade. */
const STEP = 64;
/** Memory of one key besides its counts: map entry, window, array headers. */
const KEY_BYTES = 300;

/** The counts of one key from bucket `base` on. */
class Window {
  base = 0;
  counts: Float64Array = new Float64Array(0);

  /** Extends the window to the buckets low..high; returns the growth in bytes. */
  reach(low: number, high: number): number {
    const { base, counts } = this;
    if (counts.length > 0 && low >= base && high < base + counts.length) return 0;
    const first = counts.length === 0 ? low : Math.min(low, base);
    const last = counts.length === 0 ? high : Math.max(high, base + counts.length - 1);
    // A single bucket (a number, not a distribution) stays a single bucket.
    const from = first === last ? first : first - (first % STEP);
    const to = first === last ? last + 1 : last + STEP - (last % STEP);
    const grown = new Float64Array(to - from);
    if (counts.length > 0) grown.set(counts, base - from);
    this.base = from;
    this.counts = grown;
    return 8 * (grown.length - counts.length);
  }

  total(): number {
    let sum = 0;
    for (const count of this.counts) sum += count;
    return sum;
  }
}

export class Cells {
  /** Approximate memory of the counts, in bytes. */
  bytes = 0;
  private readonly windows = new Map<string, Window>();
  /** True: keys with a count of 0 are kept. For numbers ("sda": 0 means that sda exists), never for distributions. */
  private readonly zeros: boolean;

  constructor(options: { zeros: boolean }) {
    this.zeros = options.zeros;
  }

  get size(): number {
    return this.windows.size;
  }

  has(key: string): boolean {
    return this.windows.has(key);
  }

  addNumber(key: string, number: number): void {
    const window = this.window(key);
    this.bytes += window.reach(0, 0);
    window.counts[-window.base] = (window.counts[-window.base] ?? 0) + number;
  }

  /** The distribution must obey isDistribution: ascending buckets within the grid. */
  addDistribution(key: string, d: Distribution): void {
    if (d.length === 0) return;
    const window = this.window(key);
    this.bytes += window.reach(d[0] ?? 0, d[d.length - 2] ?? 0);
    const { base, counts } = window;
    for (let i = 0; i < d.length; i += 2) {
      const at = (d[i] ?? 0) - base;
      counts[at] = (counts[at] ?? 0) + (d[i + 1] ?? 0);
    }
  }

  addRow(key: string, row: Row): void {
    const { buckets, counts: plus, from, to } = row;
    if (from === to) return;
    const window = this.window(key);
    this.bytes += window.reach(buckets[from] ?? 0, buckets[to - 1] ?? 0);
    const { base, counts } = window;
    for (let i = from; i < to; i++) {
      const at = (buckets[i] ?? 0) - base;
      counts[at] = (counts[at] ?? 0) + (plus[i] ?? 0);
    }
  }

  /** Keeps the `keep` largest keys and adds the rest to "(other)": no count is lost. */
  foldSmallest(keep: number): void {
    const ranked = [...this.windows]
      .filter(([key]) => key !== OTHER)
      .map(([key, window]) => [key, window.total()] as const)
      .sort(byRank);
    for (const [key] of ranked.slice(Math.max(keep, 0))) this.fold(key);
  }

  /** Adds one key's counts to "(other)" and removes the key. */
  fold(key: string): void {
    const window = this.windows.get(key);
    if (window === undefined || key === OTHER) return;
    this.windows.delete(key);
    this.bytes -= KEY_BYTES + 8 * window.counts.length;
    if (window.counts.length === 0) return;
    const other = this.window(OTHER);
    this.bytes += other.reach(window.base, window.base + window.counts.length - 1);
    window.counts.forEach((count, i) => {
      const at = window.base + i - other.base;
      other.counts[at] = (other.counts[at] ?? 0) + count;
    });
  }

  keys(): IterableIterator<string> {
    return this.windows.keys();
  }

  each(visit: RowVisitor): void {
    for (const [key, window] of this.windows) visit(key, this.row(window));
  }

  private window(key: string): Window {
    let window = this.windows.get(key);
    if (window === undefined) {
      window = new Window();
      this.windows.set(key, window);
      this.bytes += KEY_BYTES;
    }
    return window;
  }

  private row({ base, counts }: Window): Row {
    const { buckets, counts: kept } = scratch(counts.length);
    let to = 0;
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i] ?? 0;
      if (count === 0 && !this.zeros) continue;
      buckets[to] = base + i;
      kept[to++] = count;
    }
    return { buckets, counts: kept, from: 0, to };
  }
}

/** All rows share these arrays, since one row at a time is visited: visits must not be nested. */
let shared = { buckets: new Uint16Array(0), counts: new Float64Array(0) };

function scratch(length: number): typeof shared {
  if (shared.counts.length < length) {
    shared = { buckets: new Uint16Array(length), counts: new Float64Array(length) };
  }
  return shared;
}
