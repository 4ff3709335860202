/*
 * Which keys are drawn, and in which layer and hue. In: the keys present in a stretch of time, and the options.
 * Out: layers with their hues, and the layer of each key. Next: bucketize.ts.
 *
 * The first hue belongs to the rest (everything that is not selected), the following ones to the selected keys in
 * the order asked for; isolate draws no rest and begins with the selected keys' hues all the same.
 */
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import { hueOfKey, REST_HUE } from '../../../common/model/hue';
import type { CountedSlot, LayerOf } from './bucketize';
import { hueSequence } from './hue';
import { largestOf } from '../../../common/model/tally';
import type { HeatmapOptions } from './options';

/** Keys that get their hues by themselves on a theme's ground: the eye tells no more apart. */
const HUES_TOLD = 16;

interface DrawnLayer {
  /** undefined: the rest. */
  readonly key: string | undefined;
  readonly hue: number;
}

export interface LayerPlan {
  readonly layers: readonly DrawnLayer[];
  readonly layerOf: LayerOf;
}

/** What a stretch of time holds, slot by slot. */
export class Survey {
  /** Keys that occur, with their totals where those were asked for, else 0. */
  readonly keys = new Map<string, number>();
  /** -1: nothing at all. */
  highest = -1;
  /** Slots that hold something, and in how many of them a key is, where totals were asked for. */
  slots = 0;
  readonly slotsOf = new Map<string, number>();
  /** Counts by bucket, of all keys together, where they were asked for. */
  readonly spread: Float64Array;
  private readonly totals: boolean;

  /** `buckets`: of the grid; 0: no counts by bucket. */
  constructor(options: { totals: boolean; buckets?: number }) {
    this.totals = options.totals;
    this.spread = new Float64Array(options.buckets ?? 0);
  }

  readonly add = (slot: CountedSlot): void => {
    this.slots++;
    slot.each((key, row) => {
      const { buckets, counts, from, to } = row;
      if (from === to) return;
      this.highest = Math.max(this.highest, buckets[to - 1] ?? 0);
      const { spread } = this;
      let total = 0;
      if (spread.length > 0) {
        for (let i = from; i < to; i++) {
          const count = counts[i] ?? 0;
          const bucket = buckets[i] ?? 0;
          total += count;
          spread[bucket] = (spread[bucket] ?? 0) + count;
        }
      } else if (this.totals) {
        for (let i = from; i < to; i++) total += counts[i] ?? 0;
      }
      if (this.totals) {
        this.keys.set(key, (this.keys.get(key) ?? 0) + total);
        this.slotsOf.set(key, (this.slotsOf.get(key) ?? 0) + 1);
      } else if (!this.keys.has(key)) this.keys.set(key, 0);
    });
  };
}

export function planLayers(
  options: Pick<HeatmapOptions, 'selected' | 'layering' | 'hues' | 'theme'>,
  keys: ReadonlyMap<string, number>,
  /** Layers that may be drawn in all: their arrays must fit into memory. */
  limit: number = LIMITS.imageHues,
): LayerPlan {
  const { layering } = options;
  const most = options.theme === undefined ? limit - 1 : Math.min(limit - 1, HUES_TOLD);
  const selected = layering === 'all' ? largest(keys, most) : options.selected;
  if (layering !== 'exclude' && selected.length + 1 > limit) {
    throw invalid(
      'selected',
      `must not have more than ${limit - 1} entries in a picture of this size and duration`,
    );
  }
  const hues = options.hues ?? ownHues(options.theme, selected);
  // With hues of the user's own, isolate needs none for the rest; the default sequence keeps each key's hue.
  const skip = layering === 'isolate' && options.hues !== undefined ? 0 : 1;
  const own = selected.map((key, i) => ({ key, hue: hues[i + skip] ?? 0 }));
  const rest = { key: undefined, hue: hues[0] ?? 0 };
  if (layering === 'exclude') {
    const hidden = new Set(selected);
    return { layers: [rest], layerOf: (key) => (hidden.has(key) ? -1 : 0) };
  }
  const layers = layering === 'isolate' ? own : [rest, ...own];
  const numbers = new Map(layers.map(({ key }, i) => [key, i] as const));
  const others = layering === 'isolate' ? -1 : 0;
  return { layers, layerOf: (key) => numbers.get(key) ?? others };
}

/** On a theme's ground each key has its own hue; the first clients know them by their order. */
function ownHues(theme: HeatmapOptions['theme'], selected: readonly string[]): readonly number[] {
  return theme === undefined ? hueSequence(selected.length + 1) : [REST_HUE, ...selected.map(hueOfKey)];
}

/** The keys by name; when there are more than hues, the largest ones: the others stay with the rest. */
function largest(keys: ReadonlyMap<string, number>, limit: number): string[] {
  return largestOf(keys, limit, (key) => key !== '')
    .map(([key]) => key)
    .sort();
}
