/*
 * Changes of a dataset that are not on disk yet. In: changes, as they happen. Out: each once, to the writer; changes
 * that could not be written are given back and returned again.
 */
import type { Slot } from './slot';

/** The part of a dataset that is needed here. */
interface Slots {
  readonly span: { readonly from: number; readonly to: number };
  readonly granularity: number;
  readonly reportSeconds: number;
  eachSlot(start: number, end: number, visit: (slot: Slot) => void): void;
  reporters(second: number): readonly string[];
  slotAt(time: number): Slot | undefined;
  slotOf(second: number): number;
}

/** Slots by time, periods by first second. */
export interface Changes {
  readonly slots: ReadonlySet<number>;
  readonly periods: ReadonlySet<number>;
}

export class Unsaved {
  private noting = false;
  private slots = new Set<number>();
  private periods = new Set<number>();

  note(slot: number, period: number): void {
    if (!this.noting) return;
    this.slots.add(slot);
    this.periods.add(period);
  }

  /** Starts recording changes; everything in the dataset counts as changed. */
  begin(dataset: Slots): void {
    if (this.noting) return;
    this.noting = true;
    const { from, to } = dataset.span;
    dataset.eachSlot(from, to, ({ time }) => {
      this.slots.add(time);
      for (let at = time; at < time + dataset.granularity; at += dataset.reportSeconds) {
        if (dataset.reporters(at).length > 0) this.periods.add(at);
      }
    });
  }

  end(): void {
    this.noting = false;
    this.take();
  }

  take(): Changes {
    const { slots, periods } = this;
    this.slots = new Set();
    this.periods = new Set();
    return { slots, periods };
  }

  /** Only what is still in the dataset, which bounds the size. */
  giveBack(changes: Changes, dataset: Slots): void {
    if (!this.noting) return;
    const { slots, periods } = onlyHeld(changes, dataset);
    for (const time of slots) this.slots.add(time);
    for (const second of periods) this.periods.add(second);
  }
}

/** The changes that the dataset has not dropped meanwhile. */
export function onlyHeld({ slots, periods }: Changes, dataset: Slots): Changes {
  return {
    slots: new Set([...slots].filter((time) => dataset.slotAt(time) !== undefined)),
    periods: new Set([...periods].filter((second) => dataset.slotAt(dataset.slotOf(second)) !== undefined)),
  };
}
