/*
 * The slots of a dataset, by time: open while values come, then sealed, dropped when they are too old.
 * In: times, and changes of slots. Out: slots, and their memory.
 */
import { Dictionary } from './dictionary';
import { Slot } from './slot';

/** Greatest number of distinct keys of all slots. */
const KEYS = 50_000;
/** Slots stay open this long after their end: reopening a sealed one costs about as much as sealing it. */
const OPEN_SECONDS = 10;

export class Slots {
  private readonly slots = new Map<number, Slot>();
  private readonly open = new Set<Slot>();
  private readonly dictionary = new Dictionary(KEYS);
  private readonly granularity: number;
  private readonly zeros: boolean;
  private sealedBytes = 0;
  /** No slot is older than this. */
  private first = Infinity;

  constructor(granularity: number, zeros: boolean) {
    this.granularity = granularity;
    this.zeros = zeros;
  }

  /** Approximate memory. */
  get bytes(): number {
    let bytes = this.sealedBytes + this.dictionary.bytes;
    for (const slot of this.open) bytes += slot.bytes;
    return bytes;
  }

  get size(): number {
    return this.slots.size;
  }

  get keyCount(): number {
    return this.dictionary.size;
  }

  get oldest(): number {
    return this.first;
  }

  at(time: number): Slot | undefined {
    return this.slots.get(time);
  }

  begin(time: number): Slot {
    const slot = new Slot(time, { zeros: this.zeros });
    this.slots.set(time, slot);
    this.open.add(slot);
    this.first = Math.min(this.first, time);
    return slot;
  }

  /** Changes a slot; a sealed one is reopened. */
  change(slot: Slot, work: (slot: Slot) => void): void {
    const before = slot.open ? 0 : slot.bytes;
    work(slot);
    if (before > 0 && slot.open) {
      this.sealedBytes -= before;
      this.open.add(slot);
    }
  }

  /** Those of [from, to), oldest first. */
  each(from: number, to: number, visit: (slot: Slot) => void): void {
    for (let time = Math.max(from, this.first); time < to; time += this.granularity) {
      const slot = this.slots.get(time);
      if (slot !== undefined) visit(slot);
    }
  }

  /** `changed` gets the slots whose value changed because keys were folded. */
  sealOver(second: number, changed: (slot: Slot) => void): void {
    for (const slot of this.open) {
      if (slot.time + this.granularity + OPEN_SECONDS > second) continue;
      if (slot.seal(this.dictionary)) changed(slot);
      this.open.delete(slot);
      this.sealedBytes += slot.bytes;
    }
  }

  dropBefore(time: number): void {
    if (!(this.first < time)) return;
    // After a long silence there are fewer slots than seconds to step through.
    if ((time - this.first) / this.granularity > this.slots.size) {
      for (const old of this.slots.keys()) if (old < time) this.drop(old);
    } else {
      for (let old = this.first; old < time; old += this.granularity) this.drop(old);
    }
    this.first = this.slots.size === 0 ? Infinity : time;
  }

  /** `newest`: no slot is newer. */
  dropOldest(newest: number): void {
    let time = this.first;
    while (!this.slots.has(time) && time < newest) time += this.granularity;
    this.dropBefore(time + this.granularity);
  }

  /** Removes one slot, if it is there. */
  remove(time: number): void {
    this.drop(time);
  }

  private drop(time: number): void {
    const slot = this.slots.get(time);
    if (slot === undefined) return;
    this.slots.delete(time);
    if (!this.open.delete(slot)) this.sealedBytes -= slot.bytes;
    slot.drop();
  }
}
