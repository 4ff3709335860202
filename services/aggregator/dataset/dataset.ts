/*
 * One instrumentation over time. In: each node's value for each second. Out: the sum over nodes for any time range,
 * and for every slot the numbers of expected and reporting nodes, of late reports and of lost events.
 *
 * Time is cut into slots of `granularity` seconds; a slot holds one sum over all nodes (slot.ts). A node reports a
 * slot of 1 s once and a slot of 10 s twice (periods of 5 s, common/model/instrumentation.ts): presence.ts keeps one bit for
 * each node and period, so that a duplicate report counts once, and a missing one is noticed.
 *
 *     second      100   101   102   103            granularity 1
 *     node a       5     6     7     …             value of 101 = 6 + 2 = 8, reporting 2 of 2
 *     node b       1     2   (late)                value of 102 = 7 until b's report comes, reporting 1 of 2
 *
 * Interval scope: events add up over slots. Point scope: a level; a slot is the mean of its reports, and a range of
 * slots is the mean of the slots. Slots older than the retention time are dropped; so are the
 * oldest ones when the instrumentation exceeds its memory. Everything dropped is counted.
 *
 * Next on the walk: routes.ts reads a time range of it.
 */
import { randomUUID } from 'node:crypto';
import type { Grid } from '../../../common/model/bucket';
import { reportSeconds } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { sourceBit, sourcesIn, type SourceName } from '../../../common/model/source-name';
import type { Shape, Value } from '../../../common/model/value';
import { fits } from './fits';
import { EXPECTED_SECONDS, Presence } from '../ingest/presence';
import { fill, type Restorable } from './restoring';
import { LATE_MS, type Slot } from './slot';
import { noOutcomes, type Outcome, type OutcomeCounts } from './outcome';
import { Slots } from './slots';
import { Unsaved } from './unsaved';

/** Memory limit of one instrumentation's values; above it the oldest slots are dropped, and counted. */
const BYTES = 96 * 1024 * 1024;
/** Values further ahead of the aggregator's clock are dropped, and counted. */
export const FUTURE_SECONDS_MAX = 10;

export interface DatasetOptions {
  readonly shape: Shape;
  /** Grid of the numeric field; unused by other shapes. */
  readonly grid: Grid;
  readonly scope: 'interval' | 'point';
  /** Seconds of one slot. */
  readonly granularity: number;
  /** Seconds. */
  readonly retention: number;
  /** Memory limit; default: BYTES. */
  readonly bytesMax?: number;
}

/** Extra places in the ring, for future values and reports at the edge of the retention. */
const RING_MARGIN = 32;

export class Dataset {
  /** Id of this incarnation of the dataset: version counters restart at 0 with the process. */
  readonly id = randomUUID();
  readonly shape: Shape;
  readonly grid: Grid;
  readonly scope: 'interval' | 'point';
  readonly granularity: number;
  /** Changes that are not on disk yet. */
  readonly unsaved = new Unsaved();
  /** Number of reports by outcome. */
  readonly counts: OutcomeCounts = noOutcomes();
  /** Slot of the newest report; -1: none yet. */
  newest = -1;
  /** Second of the oldest report received. */
  private first = Infinity;
  private retention: number;
  private readonly bytesMax: number;
  private readonly slots: Slots;
  private presence: Presence;
  private changes = 0;
  /** Slots before this are refused, whatever the retention time. */
  private start = 0;
  /** Periods before this have been folded into leastReporting. */
  private foldedTo = 0;
  private lastSweep = 0;

  constructor(options: DatasetOptions) {
    this.shape = options.shape;
    this.grid = options.grid;
    this.scope = options.scope;
    this.granularity = options.granularity;
    this.retention = options.retention;
    this.bytesMax = options.bytesMax ?? BYTES;
    this.slots = new Slots(options.granularity, options.shape === 'number' || options.shape === 'keyed');
    this.presence = new Presence({
      periodSeconds: reportSeconds(options.granularity),
      capacity: this.ringCapacity(),
      nodeLimit: LIMITS.nodesPerInstrumentation,
    });
  }

  get retentionTime(): number {
    return this.retention;
  }

  /** Approximate memory of the dataset. */
  get bytes(): number {
    return this.slots.bytes + this.presence.bytes;
  }

  get slotCount(): number {
    return this.slots.size;
  }

  get keyCount(): number {
    return this.slots.keyCount;
  }

  slotOf(second: number): number {
    return Math.floor(second / this.granularity) * this.granularity;
  }

  /** Adds a report of one node that covers `seconds` from `second` on. Never throws: errors are outcomes. */
  update(
    node: string,
    second: number,
    seconds: number,
    value: Value,
    lost: number,
    nowMs: number,
    source?: SourceName,
  ): Outcome {
    const outcome = this.accept(node, second, value, nowMs);
    this.counts[outcome]++;
    if (outcome !== 'added') return outcome;
    const time = this.slotOf(second);
    const slot = this.slots.at(time) ?? this.slots.begin(time);
    // An empty map is both keyed shapes at once (common/wire/data.ts): it reports, and adds nothing.
    if (value.shape === this.shape) {
      this.slots.change(slot, () => {
        slot.add(value, this.share);
      });
    }
    slot.lost += lost;
    if (source !== undefined) slot.sources |= sourceBit(source);
    this.counts.lost += lost;
    if (nowMs > 1000 * (second + seconds) + LATE_MS) {
      slot.late++;
      this.counts.late++;
    }
    slot.reports++;
    slot.version = ++this.changes;
    this.unsaved.note(time, this.presence.periodOf(second) * this.presence.seconds);
    this.newest = Math.max(this.newest, time);
    this.first = Math.min(this.first, second);
    return outcome;
  }

  /** Counts events of a second that cannot be added as lost. */
  lose(second: number, events: number): void {
    const slot = this.slots.at(this.slotOf(second));
    if (slot === undefined || this.scope === 'point') return;
    slot.lost += events;
    slot.version = ++this.changes;
    this.counts.lost += events;
  }

  /** Calls back for each slot of [start, end) that holds something, oldest first. */
  eachSlot(start: number, end: number, visit: (slot: Slot) => void): void {
    this.slots.each(this.slotOf(start), Math.min(end, this.newest + this.granularity), visit);
  }

  /** Outside [from, to) there is no data, and no node is expected because of earlier reports. */
  get span(): { from: number; to: number } {
    const { newest, granularity } = this;
    const { oldest } = this.slots;
    if (newest < 0 || oldest === Infinity) return { from: 0, to: 0 };
    const after = Math.ceil(EXPECTED_SECONDS / granularity) * granularity;
    return { from: oldest, to: newest + granularity + after };
  }

  /** Changes whenever a reading of [start, end) changes, including the expected nodes. */
  versionOf(start: number, end: number): string {
    let newest = 0;
    let slots = 0;
    this.eachSlot(start - EXPECTED_SECONDS, end, ({ version }) => {
      newest = Math.max(newest, version);
      slots++;
    });
    return `${this.id} ${newest} ${slots}`;
  }

  /** Sources of the values of [start, end). */
  sources(start: number, end: number): SourceName[] {
    let set = 0;
    this.eachSlot(start, end, (slot) => (set |= slot.sources));
    return sourcesIn(set);
  }

  slotAt(time: number): Slot | undefined {
    return this.slots.at(time);
  }

  /** Number of nodes that reported for a whole slot: the least of its periods. */
  reporting(time: number): number {
    const { seconds } = this.presence;
    if (this.granularity <= seconds) return this.presence.reporting(time);
    let least = this.slots.at(time)?.leastReporting ?? 0;
    const from = Math.max(time, this.foldedTo * seconds, this.presence.periodOf(this.first) * seconds);
    for (let second = from; second < time + this.granularity && least > 0; second += seconds) {
      least = Math.min(least, this.presence.reporting(second));
    }
    return Number.isFinite(least) ? least : 0;
  }

  /** Number of nodes that reported in the last period of a slot: when all expected ones did, the slot is complete. */
  reportingLast(time: number): number {
    return this.presence.reporting(this.lastPeriod(time));
  }

  /** Number of nodes that should report in a slot: those that did 5 to 15 seconds before its end. */
  expected(time: number): number {
    return this.presence.expected(this.lastPeriod(time));
  }

  /** Expected nodes that did not report in the last period of a slot. */
  missing(time: number): string[] {
    const second = this.lastPeriod(time);
    return this.presence.expectedNodes(second).filter((node) => !this.presence.has(node, second));
  }

  /** Seconds that one report covers. */
  get reportSeconds(): number {
    return this.presence.seconds;
  }

  /** Those of `nodes` whose report that starts at `second` is missing. */
  absent(second: number, nodes: ReadonlySet<string>): string[] {
    const { presence } = this;
    if (presence.reporting(second) >= nodes.size) return [];
    return [...nodes].filter((node) => !presence.has(node, second));
  }

  /** Nodes with a report for any second from `second` on. */
  heardSince(second: number): Set<string> {
    return this.presence.heardSince(second);
  }

  reporters(second: number): string[] {
    return this.presence.reporters(second);
  }

  /** Once a second: seals finished slots, drops those that are too old or exceed the memory. */
  tick(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    this.fold(now);
    this.seal(now);
    this.slots.dropBefore(this.slotOf(now - this.retention));
    while (this.bytes > this.bytesMax && this.slots.size > 1) {
      this.counts.givenUp++;
      this.slots.dropOldest(this.newest);
    }
    if (now - this.lastSweep >= 60) {
      this.lastSweep = now;
      this.presence.sweep(now);
    }
  }

  /** Changes the retention time; older slots are dropped at the next tick. */
  retain(seconds: number): void {
    if (seconds === this.retention) return;
    this.retention = seconds;
    this.presence = this.presence.resized(this.ringCapacity());
  }

  /** Drops everything before `second`, including a slot that `second` falls into, and refuses later reports for it. */
  startAt(second: number): void {
    this.start = Math.max(this.start, this.slotOf(second + this.granularity - 1));
    this.slots.dropBefore(this.start);
  }

  /** For slots that come back (restoring.ts). */
  restorable(nowMs: number): Restorable {
    const now = Math.floor(nowMs / 1000);
    const { slots, presence, unsaved, granularity } = this;
    return {
      granularity,
      reportSeconds: presence.seconds,
      oldest: this.oldestTaken(now),
      slotAt: (time) => slots.at(time),
      slotOf: (second) => this.slotOf(second),
      reporters: (second) => presence.reporters(second),
      put: (remembered) => {
        slots.remove(remembered.time);
        fill(slots.begin(remembered.time), remembered, ++this.changes);
        this.newest = Math.max(this.newest, remembered.time);
        // Seal each at once: all of them open would need many times the memory.
        this.seal(now);
      },
      mark: (second, nodes, isNew) => {
        if (isNew) presence.clear(second);
        for (const node of nodes) presence.mark(node, second);
        this.first = Math.min(this.first, second);
        if (isNew) unsaved.note(this.slotOf(second), second);
      },
    };
  }

  private accept(node: string, second: number, value: Value, nowMs: number): Outcome {
    const now = Math.floor(nowMs / 1000);
    if (second > now + FUTURE_SECONDS_MAX) return 'future';
    if (this.slotOf(second) < this.oldestTaken(now)) return 'tooOld';
    if (!fits(value, this)) return 'malformed';
    const mark = this.presence.mark(node, second);
    return mark === 'first' ? 'added' : mark === 'again' ? 'duplicate' : mark;
  }

  /** Weight of one report in its slot. A level is not added up over time: a slot is the mean of its reports. */
  private get share(): number {
    const { seconds } = this.presence;
    return this.scope === 'point' && this.granularity > seconds ? seconds / this.granularity : 1;
  }

  private oldestTaken(now: number): number {
    return Math.max(this.start, this.slotOf(now - this.retention));
  }

  private seal(now: number): void {
    this.slots.sealOver(now, (slot) => {
      slot.version = ++this.changes;
    });
  }

  private lastPeriod(time: number): number {
    return time + this.granularity - Math.min(this.granularity, this.presence.seconds);
  }

  /** Slots of several periods keep the least number of reporters of periods that are about to leave the ring. */
  private fold(now: number): void {
    const { seconds, capacity } = this.presence;
    if (this.granularity <= seconds) return;
    const end = this.presence.periodOf(now) - capacity + RING_MARGIN;
    const start = Math.max(this.foldedTo, this.presence.periodOf(Math.min(this.first, now)));
    for (let period = Math.max(start, end - capacity); period < end; period++) {
      const slot = this.slots.at(this.slotOf(period * seconds));
      if (slot === undefined) continue;
      slot.leastReporting = Math.min(slot.leastReporting, this.presence.reporting(period * seconds));
    }
    this.foldedTo = Math.max(this.foldedTo, end);
  }

  private ringCapacity(): number {
    const periods = Math.ceil(Math.max(this.retention, 60) / reportSeconds(this.granularity));
    return Math.min(periods, LIMITS.retentionPoints) + 2 * RING_MARGIN;
  }
}
