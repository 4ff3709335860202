/*
 * One instrumentation over time. In: each node's value for each second. Out: the sum over nodes for any stretch of
 * time, and for every slot how many nodes were expected, how many reported, what came late and what is lost.
 *
 * Time is cut into slots of `granularity` seconds; a slot holds one sum over all nodes (slot.ts). A node reports a
 * slot of 1 s once and a slot of 10 s twice (periods of 5 s, common/model/instrumentation.ts): presence.ts keeps one bit for
 * each node and period, so that a report that comes twice counts once, and one that does not come is seen missing.
 *
 *     second      100   101   102   103            granularity 1
 *     node a       5     6     7     …             value of 101 = 6 + 2 = 8, reporting 2 of 2
 *     node b       1     2   (late)                value of 102 = 7 until b's report comes, reporting 1 of 2
 *
 * Interval scope: events add up over slots. Point scope: a level; the reports of a slot make its mean, and a stretch of
 * several slots reads as theirs. Slots older than the retention time are dropped; so are the
 * oldest ones when the instrumentation outgrows its memory. Nothing is dropped without a counter that says so.
 *
 * Next on the walk: routes.ts asks for a stretch of it.
 */
import { randomUUID } from 'node:crypto';
import type { Grid } from '../../../common/model/bucket';
import { reportSeconds } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { sourceBit, sourcesIn, type SourceName } from '../../../common/model/source-name';
import type { Shape, Value } from '../../../common/model/value';
import { fits } from './fits';
import { Dictionary } from './dictionary';
import { EXPECTED_SECONDS, Presence } from '../ingest/presence';
import type { Remembered } from './remembered';
import { Slot } from './slot';
import { Unsaved } from './unsaved';

export interface DatasetOptions {
  readonly shape: Shape;
  /** Of the numeric field; unused by the other shapes. */
  readonly grid: Grid;
  readonly scope: 'interval' | 'point';
  /** Seconds of one slot. */
  readonly granularity: number;
  /** Seconds. */
  readonly retention: number;
  /** Memory; LIMITS.datasetBytes unless told otherwise. */
  readonly bytesMax?: number;
}

/** What became of a report. */
export type Outcome = 'added' | 'duplicate' | 'future' | 'tooOld' | 'tooMany' | 'malformed';

/** Slots stay open this long after their end: reopening a sealed one costs about as much as sealing it. */
const OPEN_SECONDS = 10;
/** More places in the ring than the retention needs: the future, and reports on the edge. */
const RING_MARGIN = 32;

export class Dataset {
  /** Of this life of the dataset: counts of changes begin anew after a restart. */
  readonly id = randomUUID();
  readonly shape: Shape;
  readonly grid: Grid;
  readonly scope: 'interval' | 'point';
  readonly granularity: number;
  /** What Hindsight has yet to write down. */
  readonly unsaved = new Unsaved();
  /** How often each outcome occurred; `late` ones were added all the same, `givenUp` are slots. */
  readonly counts = {
    added: 0,
    duplicate: 0,
    future: 0,
    tooOld: 0,
    tooMany: 0,
    malformed: 0,
    late: 0,
    lost: 0,
    givenUp: 0,
  };
  /** Slot of the newest report; -1: none yet. */
  newest = -1;
  /** Second of the oldest report ever. */
  private first = Infinity;
  private retention: number;
  private readonly bytesMax: number;
  private readonly slots = new Map<number, Slot>();
  private readonly open = new Set<Slot>();
  private readonly dictionary = new Dictionary(LIMITS.keysPerInstrumentation);
  private presence: Presence;
  private changes = 0;
  private sealedBytes = 0;
  /** No slot is older than this. */
  private oldest = Infinity;
  /** Slots before this are not taken, whatever the retention time. */
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
    this.bytesMax = options.bytesMax ?? LIMITS.datasetBytes;
    this.presence = new Presence({
      periodSeconds: reportSeconds(options.granularity),
      capacity: this.ringCapacity(),
      nodeLimit: LIMITS.nodesPerInstrumentation,
    });
  }

  get retentionTime(): number {
    return this.retention;
  }

  /** Roughly what all of it occupies. */
  get bytes(): number {
    let bytes = this.sealedBytes + this.dictionary.bytes + this.presence.bytes;
    for (const slot of this.open) bytes += slot.bytes;
    return bytes;
  }

  get slotCount(): number {
    return this.slots.size;
  }

  get keyCount(): number {
    return this.dictionary.size;
  }

  slotOf(second: number): number {
    return Math.floor(second / this.granularity) * this.granularity;
  }

  /** A report of one node that covers `seconds` from `second` on. Never throws: what is wrong is the outcome. */
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
    const slot = this.slots.get(time) ?? this.newSlot(time);
    const before = slot.open ? 0 : slot.bytes;
    // An empty map is both keyed shapes at once (common/wire/data.ts): it reports, and adds nothing.
    if (value.shape === this.shape) slot.add(value, this.share);
    if (before > 0 && slot.open) {
      this.sealedBytes -= before;
      this.open.add(slot);
    }
    slot.lost += lost;
    if (source !== undefined) slot.sources |= sourceBit(source);
    this.counts.lost += lost;
    if (nowMs > 1000 * (second + seconds) + LIMITS.lateMs) {
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

  /** Events of a second that cannot be added are lost, and said to be. */
  lose(second: number, events: number): void {
    const slot = this.slots.get(this.slotOf(second));
    if (slot === undefined || this.scope === 'point') return;
    slot.lost += events;
    slot.version = ++this.changes;
    this.counts.lost += events;
  }

  /** Calls back for each slot of [start, end) that holds something, oldest first. */
  eachSlot(start: number, end: number, visit: (slot: Slot) => void): void {
    const from = Math.max(this.slotOf(start), this.oldest);
    const to = Math.min(end, this.newest + this.granularity);
    for (let time = from; time < to; time += this.granularity) {
      const slot = this.slots.get(time);
      if (slot !== undefined) visit(slot);
    }
  }

  /** Outside [from, to) nothing is held and nobody is expected by what was seen before. */
  get span(): { from: number; to: number } {
    const { oldest, newest, granularity } = this;
    if (newest < 0 || oldest === Infinity) return { from: 0, to: 0 };
    const after = Math.ceil(EXPECTED_SECONDS / granularity) * granularity;
    return { from: oldest, to: newest + granularity + after };
  }

  /** Changes whenever anything changes that a reading of [start, end) says, who was expected included. */
  versionOf(start: number, end: number): string {
    let newest = 0;
    let slots = 0;
    this.eachSlot(start - EXPECTED_SECONDS, end, ({ version }) => {
      newest = Math.max(newest, version);
      slots++;
    });
    return `${this.id} ${newest} ${slots}`;
  }

  /** Where the values of [start, end) come from. */
  sources(start: number, end: number): SourceName[] {
    let set = 0;
    this.eachSlot(start, end, (slot) => (set |= slot.sources));
    return sourcesIn(set);
  }

  slotAt(time: number): Slot | undefined {
    return this.slots.get(time);
  }

  /** How many nodes reported for the whole of a slot: the fewest of its periods. */
  reporting(time: number): number {
    const { seconds } = this.presence;
    if (this.granularity <= seconds) return this.presence.reporting(time);
    let least = this.slots.get(time)?.leastReporting ?? 0;
    const from = Math.max(time, this.foldedTo * seconds, this.presence.periodOf(this.first) * seconds);
    for (let second = from; second < time + this.granularity && least > 0; second += seconds) {
      least = Math.min(least, this.presence.reporting(second));
    }
    return Number.isFinite(least) ? least : 0;
  }

  /** How many nodes reported in the last period of a slot: when all expected ones did, the slot is complete. */
  reportingLast(time: number): number {
    return this.presence.reporting(this.lastPeriod(time));
  }

  /** How many nodes should report in a slot, from who did 5 to 15 seconds before its end. */
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

  /** Those of the nodes whose report that begins with `second` has not come. */
  absent(second: number, nodes: ReadonlySet<string>): string[] {
    const { presence } = this;
    if (presence.reporting(second) >= nodes.size) return [];
    return [...nodes].filter((node) => !presence.has(node, second));
  }

  /** Nodes that were heard of for some second from `second` on. */
  heardSince(second: number): Set<string> {
    return this.presence.heardSince(second);
  }

  reporters(second: number): string[] {
    return this.presence.reporters(second);
  }

  /** Takes over slots written down earlier, those that are not too old; what is here already stays. Returns how many. */
  restore({ slots, periods }: Remembered, nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    const taken = new Set<number>();
    for (const { time, lost, late, reports, leastReporting, sources = 0, rows } of slots) {
      if (time < this.oldestTaken(now) || this.slots.has(time)) continue;
      const slot = this.newSlot(time);
      for (const [key, buckets, counts] of rows) slot.addRow(key, buckets, counts);
      Object.assign(slot, { lost, late, reports, leastReporting, sources, version: ++this.changes });
      this.newest = Math.max(this.newest, time);
      taken.add(time);
      // One after the other: all of them open at once are many times as large.
      if (time + this.granularity + OPEN_SECONDS <= now) this.seal(slot);
    }
    for (const [second, nodes] of periods) {
      if (!taken.has(this.slotOf(second))) continue;
      for (const node of nodes) this.presence.mark(node, second);
      this.first = Math.min(this.first, second);
    }
    return taken.size;
  }

  /** Once a second: seals what is over, drops what is too old or too much. */
  tick(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    this.fold(now);
    for (const slot of this.open) {
      if (slot.time + this.granularity + OPEN_SECONDS <= now) this.seal(slot);
    }
    this.dropBefore(this.slotOf(now - this.retention));
    while (this.bytes > this.bytesMax && this.slots.size > 1) {
      this.counts.givenUp++;
      this.dropBefore(this.oldestSlot() + this.granularity);
    }
    if (now - this.lastSweep >= 60) {
      this.lastSweep = now;
      this.presence.sweep(now);
    }
  }

  /** The retention time may change at any moment; what is older then goes at the next tick. */
  retain(seconds: number): void {
    if (seconds === this.retention) return;
    this.retention = seconds;
    this.presence = this.presence.resized(this.ringCapacity());
  }

  /** Forgets what was before, and takes nothing of it any more; a slot that it is in the middle of, neither. */
  startAt(second: number): void {
    this.start = Math.max(this.start, this.slotOf(second + this.granularity - 1));
    this.dropBefore(this.start);
  }

  private accept(node: string, second: number, value: Value, nowMs: number): Outcome {
    const now = Math.floor(nowMs / 1000);
    if (second > now + LIMITS.futureSecondsMax) return 'future';
    if (this.slotOf(second) < this.oldestTaken(now)) return 'tooOld';
    if (!fits(value, this)) return 'malformed';
    const mark = this.presence.mark(node, second);
    return mark === 'first' ? 'added' : mark === 'again' ? 'duplicate' : mark;
  }

  /** How much of a slot one report stands for. A level is not added up over time: reports of a slot make its mean. */
  private get share(): number {
    const { seconds } = this.presence;
    return this.scope === 'point' && this.granularity > seconds ? seconds / this.granularity : 1;
  }

  private newSlot(time: number): Slot {
    const slot = new Slot(time, { zeros: this.shape === 'number' || this.shape === 'keyed' });
    this.slots.set(time, slot);
    this.open.add(slot);
    this.oldest = Math.min(this.oldest, time);
    return slot;
  }

  private oldestTaken(now: number): number {
    return Math.max(this.start, this.slotOf(now - this.retention));
  }

  private seal(slot: Slot): void {
    if (slot.seal(this.dictionary)) slot.version = ++this.changes;
    this.open.delete(slot);
    this.sealedBytes += slot.bytes;
  }

  private dropBefore(time: number): void {
    if (!(this.oldest < time)) return;
    // After a long silence there are fewer slots than seconds to step over.
    if ((time - this.oldest) / this.granularity > this.slots.size) {
      for (const old of this.slots.keys()) if (old < time) this.drop(old);
    } else {
      for (let old = this.oldest; old < time; old += this.granularity) this.drop(old);
    }
    this.oldest = this.slots.size === 0 ? Infinity : time;
  }

  private drop(time: number): void {
    const slot = this.slots.get(time);
    if (slot === undefined) return;
    this.slots.delete(time);
    if (!this.open.delete(slot)) this.sealedBytes -= slot.bytes;
    slot.drop();
  }

  private oldestSlot(): number {
    let time = this.oldest;
    while (!this.slots.has(time) && time < this.newest) time += this.granularity;
    return time;
  }

  private lastPeriod(time: number): number {
    return time + this.granularity - Math.min(this.granularity, this.presence.seconds);
  }

  /** Slots of many periods keep the fewest reporters of those that are about to leave the ring. */
  private fold(now: number): void {
    const { seconds, capacity } = this.presence;
    if (this.granularity <= seconds) return;
    const end = this.presence.periodOf(now) - capacity + RING_MARGIN;
    const start = Math.max(this.foldedTo, this.presence.periodOf(Math.min(this.first, now)));
    for (let period = Math.max(start, end - capacity); period < end; period++) {
      const slot = this.slots.get(this.slotOf(period * seconds));
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
