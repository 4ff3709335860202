/*
 * Points as they become final, in order, for exports. In: the instrumentations of this aggregator, each
 * second. Out: each slot once, as soon as no more reports are awaited. Later reports are counted: they are in the
 * answers of this service, but not in exports.
 */
import { fqid } from '../../../common/model/instrumentation';
import type { Owned } from '../owned';
import type { Slot } from '../dataset/slot';
import { newestSettled } from '../promql/settled';

export interface Consumer {
  wants(owned: Owned): boolean;
  /** `slot` is undefined when no node reported. */
  slot(owned: Owned, time: number, slot: Slot | undefined): void;
  /** The instrumentation was deleted or moved. */
  end(id: string, owned: Owned): void;
}

/** Number of past slots that are checked for late reports. */
const LOOKED_BACK = 90;
/** After a stall of ours, older slots are skipped: exports should be current. */
const BEHIND_MAX = 60;

interface Position {
  owned: Owned;
  next: number;
  /** Reports that were in a slot when it was passed on. */
  readonly reports: Map<number, number>;
}

export class SettledFeed {
  /** Reports that came after their slot had been passed on. */
  late = 0;
  /** Slots that were passed over. */
  skipped = 0;
  private readonly consumer: Consumer;
  private readonly positions = new Map<string, Position>();

  constructor(consumer: Consumer) {
    this.consumer = consumer;
  }

  tick(all: Iterable<Owned>, nowMs: number): void {
    const seen = new Set<string>();
    for (const owned of all) {
      if (!this.consumer.wants(owned)) continue;
      const id = fqid(owned.instrumentation);
      seen.add(id);
      this.advance(id, owned, nowMs);
    }
    for (const [id, { owned }] of this.positions) {
      if (seen.has(id)) continue;
      this.positions.delete(id);
      this.consumer.end(id, owned);
    }
  }

  private advance(id: string, owned: Owned, nowMs: number): void {
    const { dataset } = owned;
    const { granularity } = dataset;
    const settled = newestSettled(owned, nowMs);
    let position = this.positions.get(id);
    // Moved away and back: counting restarts.
    if (position !== undefined && position.owned !== owned) {
      this.consumer.end(id, position.owned);
      position = undefined;
    }
    if (position === undefined) {
      position = { owned, next: settled + granularity, reports: new Map() };
      this.positions.set(id, position);
      return;
    }
    const oldest = settled - BEHIND_MAX * granularity;
    if (position.next < oldest) {
      this.skipped += (oldest - position.next) / granularity;
      position.next = oldest;
    }
    for (; position.next <= settled; position.next += granularity) {
      const slot = dataset.slotAt(position.next);
      this.consumer.slot(owned, position.next, slot);
      position.reports.set(position.next, slot?.reports ?? 0);
    }
    for (const [time, reports] of position.reports) {
      const now = dataset.slotAt(time)?.reports ?? reports;
      if (now > reports) {
        this.late += now - reports;
        position.reports.set(time, now);
      }
      if (time < position.next - LOOKED_BACK * granularity) position.reports.delete(time);
    }
  }
}
