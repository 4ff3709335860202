/*
 * Datasets' seconds as bytes, and back. In: changes of datasets. Out: records with sums and reporting nodes together:
 * after a restart, each node and second still counts once. Names of nodes are stored once per record, for all its
 * instrumentations and seconds: they were most of its bytes.
 */
import { deserialize, serialize } from 'node:v8';
import type { Dataset } from '../dataset/dataset';
import type { RememberedRow, RememberedSlot, Remembered } from '../dataset/remembered';
import { FILE_BYTES } from './segments';

/** Some slots and periods of one instrumentation, without those that its dataset has dropped. */
export interface Portion {
  readonly id: string;
  readonly dataset: Dataset;
  readonly slots: Iterable<number>;
  readonly periods: Iterable<number>;
}

/** The part of a record about one instrumentation, with the names of its nodes. */
export interface Part {
  readonly id: string;
  readonly names: readonly string[];
  readonly bytes: Buffer;
}

/** Names by their places in the record's list. */
type Places = Uint16Array | Uint32Array;

interface Plain {
  readonly version: number;
  readonly names: readonly string[];
  readonly parts: readonly (readonly [string, Buffer])[];
}

const VERSION = 2;

/** More than one record only if one would exceed the size limit. */
export function remember(portions: Iterable<Portion>): Buffer[] {
  const records: Buffer[] = [];
  let places = new Map<string, number>();
  let parts: [string, Buffer][] = [];
  let bytes = 0;
  const finish = (): void => {
    if (parts.length > 0) records.push(serialize({ version: VERSION, names: [...places.keys()], parts }));
    places = new Map();
    parts = [];
    bytes = 0;
  };
  for (const { id, dataset, slots, periods } of portions) {
    const part = serialize({ slots: slotsOf(dataset, slots), periods: periodsOf(dataset, periods, places) });
    parts.push([id, part]);
    bytes += part.length;
    if (bytes > FILE_BYTES) finish();
  }
  finish();
  return records;
}

function slotsOf(dataset: Dataset, times: Iterable<number>): RememberedSlot[] {
  const slots: RememberedSlot[] = [];
  for (const time of times) {
    const slot = dataset.slotAt(time);
    if (slot === undefined) continue;
    const rows: RememberedRow[] = [];
    slot.each((key, { buckets, counts, from, to }) => {
      rows.push([key, buckets.slice(from, to), Float64Array.from(counts.subarray(from, to))]);
    });
    const { lost, late, reports, leastReporting, sources } = slot;
    slots.push({ time, lost, late, reports, leastReporting, sources, rows });
  }
  return slots;
}

function periodsOf(
  dataset: Dataset,
  seconds: Iterable<number>,
  places: Map<string, number>,
): (readonly [number, Places])[] {
  return [...seconds].map((second) => {
    const own = dataset.reporters(second).map((name) => {
      const place = places.get(name) ?? places.size;
      places.set(name, place);
      return place;
    });
    return [second, places.size <= 2 ** 16 ? Uint16Array.from(own) : Uint32Array.from(own)];
  });
}

/** undefined: written by another version of this file. */
export function partsOf(record: Buffer): Part[] | undefined {
  try {
    const { version, names, parts } = deserialize(record) as Plain;
    return version === VERSION ? parts.map(([id, bytes]) => ({ id, names, bytes })) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Merges many records. Of a slot that was written more than once, the version with the most reports counts:
 * sums are never added, so nothing is counted twice.
 */
export class Recollection {
  private readonly slots = new Map<number, RememberedSlot>();
  private readonly periods = new Map<number, Set<string>>();

  add({ names, bytes }: Part): void {
    const plain = deserialize(bytes) as {
      slots: readonly RememberedSlot[];
      periods: readonly (readonly [number, Places])[];
    };
    for (const slot of plain.slots) {
      if ((this.slots.get(slot.time)?.reports ?? -1) <= slot.reports) this.slots.set(slot.time, slot);
    }
    for (const [second, places] of plain.periods) {
      const known = this.periods.get(second) ?? new Set<string>();
      this.periods.set(second, known);
      for (const place of places) {
        const name = names[place];
        if (name !== undefined) known.add(name);
      }
    }
  }

  /** Ordered by time. Nodes of periods without a slot are omitted: their values are lost. */
  get all(): Remembered {
    return {
      slots: [...this.slots.values()].sort((a, b) => a.time - b.time),
      periods: [...this.periods].sort(([a], [b]) => a - b).map(([second, nodes]) => [second, [...nodes]]),
    };
  }
}
