/*
 * The exported series of one instrumentation: a bounded number of keys, and "(other)" for the rest. In: slots. Out: for
 * each series the counts of the slot, and the total since the series began.
 *
 * A key gets a series in the first slot in which it is among the largest and there is room, and keeps it until it has been
 * idle for IDLE_SECONDS; then another may have its place. A new series states its start time.
 */
import type { Row } from '../dataset/cells';
import { byRank, OTHER } from '../../../common/model/tally';
import type { Slot } from '../dataset/slot';

export interface OutSeries {
  readonly key: string;
  /** Second in which counting began. */
  readonly since: number;
  /** Total counts by bucket; numbers are in bucket 0. */
  readonly total: Float64Array;
  /** The same of the newest slot. */
  readonly newest: Float64Array;
  /** Slot in which the key occurred last. */
  seen: number;
}

/** Seconds without an event after which a series ends. */
const IDLE_SECONDS = 300;

export class SeriesOut {
  readonly series = new Map<string, OutSeries>();
  private readonly size: number;
  private readonly keys: number;

  constructor(size: number, keys: number, keyed: boolean, since: number) {
    this.size = size;
    this.keys = keys;
    if (!keyed) this.begin('', since);
  }

  /** Adds a slot; returns the series that have ended. */
  add(slot: Slot | undefined, time: number, granularity: number): OutSeries[] {
    for (const { newest } of this.series.values()) newest.fill(0);
    const ended: OutSeries[] = [];
    for (const [key, one] of this.series) {
      if (key !== '' && time - one.seen > IDLE_SECONDS + granularity) {
        this.series.delete(key);
        ended.push(one);
      }
    }
    if (slot === undefined) return ended;
    const strange: { readonly row: Copy; readonly rank: readonly [key: string, weight: number] }[] = [];
    slot.each((key, row) => {
      const one = this.series.get(key);
      if (one === undefined) strange.push({ row: copyOf(row), rank: [key, weightOf(row)] });
      else count(one, row, time);
    });
    strange.sort((a, b) => byRank(a.rank, b.rank));
    for (const {
      rank: [key],
      row,
    } of strange) {
      const taken = this.series.size - (this.series.has(OTHER) ? 1 : 0);
      // The place of "(other)" is always free.
      const name = taken >= this.keys ? OTHER : key;
      count(this.series.get(name) ?? this.begin(name, time), row, time);
    }
    return ended;
  }

  private begin(key: string, since: number): OutSeries {
    const one = {
      key,
      since,
      total: new Float64Array(this.size),
      newest: new Float64Array(this.size),
      seen: since,
    };
    this.series.set(key, one);
    return one;
  }
}

type Copy = Pick<Row, 'from' | 'to'> & { readonly buckets: Uint16Array; readonly counts: Row['counts'] };

/** Valid after the visit. */
function copyOf({ buckets, counts, from, to }: Row): Copy {
  return { buckets: buckets.slice(from, to), counts: counts.slice(from, to), from: 0, to: to - from };
}

function weightOf({ counts, from, to }: Row): number {
  let weight = 0;
  for (let i = from; i < to; i++) weight += counts[i] ?? 0;
  return weight;
}

function count(one: OutSeries, { buckets, counts, from, to }: Row, time: number): void {
  one.seen = time;
  for (let i = from; i < to; i++) {
    const bucket = buckets[i] ?? 0;
    const number = counts[i] ?? 0;
    one.total[bucket] = (one.total[bucket] ?? 0) + number;
    one.newest[bucket] = (one.newest[bucket] ?? 0) + number;
  }
}
