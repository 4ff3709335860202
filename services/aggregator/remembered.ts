/*
 * A dataset's seconds as bytes, and back. In: a dataset that tells what has changed. Out: one record that holds all of
 * it, sums and who reported together: read back, each node and second is counted once, as before.
 */
import { deserialize, serialize } from 'node:v8';
import type { Dataset } from './dataset';

/** Key; its buckets, ascending; their counts. */
export type RememberedRow = readonly [string, Uint16Array, Float64Array];

export interface RememberedSlot {
  readonly time: number;
  readonly lost: number;
  readonly late: number;
  /** Reports that are in it. */
  readonly reports: number;
  readonly leastReporting: number;
  readonly rows: readonly RememberedRow[];
}

/** First second of a period, and who reported for it. */
export type RememberedPeriod = readonly [number, readonly string[]];

export interface Remembered {
  readonly slots: readonly RememberedSlot[];
  readonly periods: readonly RememberedPeriod[];
}

const VERSION = 1;

/** Some slots and periods of a dataset; those that it has dropped are left out. */
export function remember(dataset: Dataset, times: Iterable<number>, seconds: Iterable<number>): Buffer {
  const slots: RememberedSlot[] = [];
  for (const time of times) {
    const slot = dataset.slotAt(time);
    if (slot === undefined) continue;
    const rows: RememberedRow[] = [];
    slot.each((key, { buckets, counts, from, to }) => {
      rows.push([key, buckets.slice(from, to), Float64Array.from(counts.subarray(from, to))]);
    });
    const { lost, late, reports, leastReporting } = slot;
    slots.push({ time, lost, late, reports, leastReporting, rows });
  }
  const periods = [...seconds].map((second) => [second, dataset.reporters(second)] as const);
  return serialize({ version: VERSION, slots, periods });
}

/**
 * Puts together what many records say. Of a slot that was written more than once the one with the most reports counts:
 * sums are never added, so nothing is doubled whoever wrote them.
 */
export class Recollection {
  private readonly slots = new Map<number, RememberedSlot>();
  private readonly periods = new Map<number, Set<string>>();
  /** Records that were written by another version of this file. */
  foreign = 0;

  add(record: Buffer): void {
    const plain = read(record);
    if (plain === undefined) {
      this.foreign++;
      return;
    }
    for (const slot of plain.slots) {
      if ((this.slots.get(slot.time)?.reports ?? -1) <= slot.reports) this.slots.set(slot.time, slot);
    }
    for (const [second, nodes] of plain.periods) {
      const known = this.periods.get(second) ?? new Set<string>();
      this.periods.set(second, known);
      for (const node of nodes) known.add(node);
    }
  }

  /** Ordered by time. Nodes of periods whose slot is not there are left out: their values are lost, not in. */
  get all(): Remembered {
    return {
      slots: [...this.slots.values()].sort((a, b) => a.time - b.time),
      periods: [...this.periods].sort(([a], [b]) => a - b).map(([second, nodes]) => [second, [...nodes]]),
    };
  }
}

function read(record: Buffer): Remembered | undefined {
  try {
    const plain = deserialize(record) as Remembered & { version: number };
    return plain.version === VERSION ? plain : undefined;
  } catch {
    return undefined;
  }
}
