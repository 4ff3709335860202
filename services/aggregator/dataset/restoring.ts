/*
 * Slots that come back: from disk after a restart, or from another aggregator that has the same instrumentation. In: slots
 * with their sums and reporting nodes. Out: a dataset that has them, in which each node and second still counts once.
 */
import { LIMITS } from '../../../common/service/limits';
import type { Remembered, RememberedSlot } from './remembered';
import type { Slot } from './slot';

/** What of a dataset is needed here. */
export interface Restorable {
  readonly granularity: number;
  readonly reportSeconds: number;
  /** Earlier slots are over. */
  readonly oldest: number;
  slotAt(time: number): Slot | undefined;
  slotOf(second: number): number;
  reporters(second: number): readonly string[];
  /** In place of what is there. */
  put(slot: RememberedSlot): void;
  /** These nodes reported; `isNew`: they alone, and it is not on disk yet. */
  mark(second: number, nodes: readonly string[], isNew: boolean): void;
}

export function fill(slot: Slot, remembered: RememberedSlot, version: number): void {
  const { lost, late, reports, leastReporting, sources = 0, rows } = remembered;
  for (const [key, buckets, counts] of rows) slot.addRow(key, buckets, counts);
  Object.assign(slot, { lost, late, reports, leastReporting, sources, version });
}

/** Slots that are there already stay. Returns the number restored. */
export function restore({ slots, periods }: Remembered, dataset: Restorable): number {
  const taken = new Set<number>();
  for (const slot of slots) {
    if (slot.time < dataset.oldest || dataset.slotAt(slot.time) !== undefined) continue;
    dataset.put(slot);
    taken.add(slot.time);
  }
  for (const [second, nodes] of periods) {
    if (taken.has(dataset.slotOf(second))) dataset.mark(second, nodes, false);
  }
  return taken.size;
}

/**
 * Takes slots with more reports than are here. One that may still receive reports is taken only when all reports that are
 * here are in it; else it counts as left. Sums are never added: nothing counts twice.
 */
export function takeOver(
  { slots, periods }: Remembered,
  dataset: Restorable,
  nowMs: number,
): { readonly taken: number; readonly left: number } {
  const bySlot = new Map<number, Map<number, readonly string[]>>();
  for (const [second, nodes] of periods) {
    const time = dataset.slotOf(second);
    const known = bySlot.get(time) ?? new Map<number, readonly string[]>();
    bySlot.set(time, known.set(second, nodes));
  }
  let taken = 0;
  let left = 0;
  for (const slot of slots) {
    const { time, reports } = slot;
    const known = dataset.slotAt(time);
    if (time < dataset.oldest || (known !== undefined && known.reports >= reports)) continue;
    const theirs = bySlot.get(time) ?? new Map<number, readonly string[]>();
    const mayChange = 1000 * (time + dataset.granularity + LIMITS.outboxSeconds) > nowMs;
    if (known !== undefined && mayChange && !isWithin(dataset, time, theirs)) {
      left++;
      continue;
    }
    dataset.put(slot);
    for (let at = time; at < time + dataset.granularity; at += dataset.reportSeconds) {
      dataset.mark(at, theirs.get(at) ?? [], true);
    }
    taken++;
  }
  return { taken, left };
}

/** Every report of our slot is among these. */
function isWithin(
  dataset: Restorable,
  time: number,
  theirs: ReadonlyMap<number, readonly string[]>,
): boolean {
  for (let at = time; at < time + dataset.granularity; at += dataset.reportSeconds) {
    const nodes = new Set(theirs.get(at));
    if (dataset.reporters(at).some((node) => !nodes.has(node))) return false;
  }
  return true;
}
