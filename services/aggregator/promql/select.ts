/*
 * One leaf of a query over one dataset. In: an instrumentation, matchers, a window, moments. Out: a series for each key,
 * or for each group of keys where the leaf is a sum. Next: complete.ts says what is missing from it.
 *
 * A slot has the time of its end: the value at 12:00:05 is about the time until then. Slots without reports are
 * gaps; in others, a key that did not occur is 0. A slot whose reports are still awaited does not exist yet.
 */
import { setImmediate } from 'node:timers/promises';
import { CaError } from '../../../common/service/errors';
import type { Times } from '../../../common/prometheus/promql/answer';
import type { Budget, Point, Series } from '../../../common/prometheus/promql/evaluate';
import { unnamed } from '../../../common/prometheus/promql/evaluate';
import {
  groupLabels,
  labelsKey,
  matches,
  type Labels,
  type Leaf,
  type Matcher,
} from '../../../common/prometheus/promql/expression';
import { edgesOf, labelsOf, namingOf, type Naming } from '../../../common/prometheus/naming';
import type { Owned } from '../owned';
import type { Slot } from '../dataset/slot';
import { SLICE_MS } from '../dataset/slices';
import { newestSettled } from './settled';
import { held, WindowSum, type Held } from './window';

/** In a query for one time, an older newest value does not count. */
export const LOOKBACK_SECONDS = 10;

export interface Asked {
  readonly times: Times;
  /** A single time, which may lie between two slots. */
  readonly instant: boolean;
  readonly nowMs: number;
  readonly budget: Budget;
  readonly gone: AbortSignal;
}

/** Slots that were read: [from, to), for warnings. */
export interface Read {
  readonly series: readonly Series[];
  readonly from: number;
  readonly to: number;
}

/** Evaluates the matchers that do not depend on keys. */
export function matchesNaming(matchers: readonly Matcher[], naming: Naming): boolean {
  return matchers.every(
    (one) => one.label === naming.keyLabel || matches(one, naming.labels.get(one.label) ?? ''),
  );
}

interface Group {
  readonly labels: Labels;
  readonly window: WindowSum;
  readonly points: (Point | undefined)[];
}

export async function select(owned: Owned, leaf: Leaf, asked: Asked): Promise<Read> {
  const selection = new Selection(owned, leaf, asked);
  await selection.run();
  return selection.result();
}

class Selection {
  private readonly groups = new Map<string, Group>();
  /** By key; undefined: excluded by the matchers. */
  private readonly groupOfKey = new Map<string, Group | undefined>();
  private readonly naming: Naming;
  private readonly keyMatchers: readonly Matcher[];
  /** Steps with at least one slot. */
  private readonly known: boolean[] = [];
  /** Slots in the window, oldest first, from `first` on. */
  private readonly queue: { time: number; rows: readonly (readonly [Group, Held])[] }[] = [];
  private first = 0;
  private readonly factor: number;
  private readonly granularity: number;
  /** Windows of steps overlap: what a slot has added must be subtracted again. */
  private readonly overlapping: boolean;
  private from = Infinity;
  private to = -Infinity;

  private readonly owned: Owned;
  private readonly leaf: Leaf;
  private readonly asked: Asked;

  constructor(owned: Owned, leaf: Leaf, asked: Asked) {
    this.owned = owned;
    this.leaf = leaf;
    this.asked = asked;
    this.naming = namingOf(owned.instrumentation);
    this.keyMatchers = leaf.matchers.filter(({ label }) => label === this.naming.keyLabel);
    this.factor =
      (leaf.rate ? 1000 / (leaf.window ?? 1000) : 1) / (this.naming.distribution ? 1 : this.naming.perUnit);
    this.granularity = owned.dataset.granularity;
    this.overlapping = (leaf.window ?? 0) > asked.times.step;
    // Without a discrete field there is always a series, even without events.
    if (this.naming.keyLabel === undefined) this.groupOf('');
  }

  async run(): Promise<void> {
    const { times, gone } = this.asked;
    const settled = newestSettled(this.owned, this.asked.nowMs);
    const { from: oldest } = this.owned.dataset.span;
    let next = -Infinity;
    let began = performance.now();
    for (let step = 0; step < times.count; step++) {
      const [low, high] = this.slotsAt(times.start + step * times.step, settled);
      this.leaveBefore(low);
      for (let time = Math.max(low, next, oldest); time <= high; time += this.granularity) {
        const slot = this.owned.dataset.slotAt(time);
        if (slot !== undefined) this.enter(slot);
        if (performance.now() - began < SLICE_MS) continue;
        await setImmediate();
        if (gone.aborted) throw new CaError('NO_RESOURCE', 'the client went away');
        this.asked.budget.spend(0, 0);
        began = performance.now();
      }
      if (high >= low) {
        this.from = Math.min(this.from, low);
        this.to = Math.max(this.to, high + this.granularity);
        next = Math.max(next, high + this.granularity);
      }
      this.emit(step);
    }
  }

  result(): Read {
    const { instrumentation } = this.owned;
    const zero: Point = this.naming.distribution ? [] : 0;
    const series = [...this.groups.values()].map(({ labels, points }) => ({
      labels,
      // In a level, a missing key means that it does not exist, not that it is 0.
      points: Array.from({ length: this.asked.times.count }, (_, step) =>
        this.known[step] === true &&
        (instrumentation.valueScope === 'interval' || this.naming.keyLabel === undefined)
          ? (points[step] ?? zero)
          : points[step],
      ),
    }));
    return {
      series: series.filter(({ points }) => points.some((point) => point !== undefined)),
      from: Math.max(this.from, this.owned.asked.born, this.oldestKept),
      to: this.to,
    };
  }

  private get oldestKept(): number {
    return this.owned.dataset.slotOf(this.asked.nowMs / 1000 - this.owned.dataset.retentionTime);
  }

  /** First and last slot of the window that ends at a time. */
  private slotsAt(ms: number, settled: number): [number, number] {
    const g = this.granularity;
    const newest = Math.floor(ms / 1000 / g) * g - g;
    const high = Math.min(newest, settled);
    if (this.leaf.window !== undefined) {
      return [Math.floor((ms - this.leaf.window) / 1000 / g) * g, high];
    }
    const reach = this.asked.instant ? Math.max(LOOKBACK_SECONDS, g) * 1000 : g * 1000;
    return (high + g) * 1000 > ms - reach ? [high, high] : [1, 0];
  }

  private enter(slot: Slot): void {
    const rows: (readonly [Group, Held])[] = [];
    slot.each((key, row) => {
      const group = this.groupOfKey.has(key) ? this.groupOfKey.get(key) : this.groupOf(key);
      if (group === undefined) return;
      group.window.enter(row);
      if (this.overlapping) rows.push([group, held(row)]);
    });
    this.queue.push({ time: slot.time, rows });
  }

  private leaveBefore(low: number): void {
    let left = false;
    for (
      let oldest = this.queue[this.first];
      oldest !== undefined && oldest.time < low;
      oldest = this.queue[this.first]
    ) {
      for (const [group, copy] of oldest.rows) group.window.leave(copy);
      this.first++;
      left = true;
    }
    // Without overlap all slots of one step have left before the next begins.
    if (left && !this.overlapping) for (const { window } of this.groups.values()) window.clear();
    if (this.first > 1000 && this.first * 2 > this.queue.length) {
      this.queue.splice(0, this.first);
      this.first = 0;
    }
  }

  private emit(step: number): void {
    this.known[step] = this.queue.length > this.first;
    if (this.known[step] !== true) return;
    const edges = this.naming.distribution ? edgesOf(this.owned.instrumentation) : undefined;
    let numbers = 0;
    for (const { window, points } of this.groups.values()) {
      if (window.empty) continue;
      const point = edges === undefined ? window.number(this.factor) : window.histogram(edges, this.factor);
      points[step] = point;
      numbers += typeof point === 'number' ? 1 : point.length / 3;
    }
    this.asked.budget.spend(0, numbers);
  }

  private groupOf(key: string): Group | undefined {
    const wanted = this.keyMatchers.every((one) => matches(one, key));
    const group = wanted ? this.groupFor(labelsOf(this.naming, key)) : undefined;
    this.groupOfKey.set(key, group);
    return group;
  }

  private groupFor(own: Labels): Group {
    const { sum, window } = this.leaf;
    const labels = sum !== undefined ? groupLabels(own, sum) : window !== undefined ? unnamed(own) : own;
    const name = labelsKey(labels);
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    this.asked.budget.spend(1, 0);
    const size = this.naming.distribution ? this.owned.dataset.grid.size : 1;
    const group: Group = { labels, window: new WindowSum(size), points: [] };
    this.groups.set(name, group);
    return group;
  }
}
