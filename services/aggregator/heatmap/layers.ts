/*
 * Which keys are drawn, and in which layer and hue. In: the keys present in a stretch of time, and the options.
 * Out: layers with their hues, and the layer of each key. Next: bucketize.ts.
 *
 * The first hue belongs to the rest (everything that is not selected), the following ones to the selected keys in
 * the order asked for; isolate draws no rest and begins with the selected keys' hues all the same.
 */
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Row } from '../dataset/cells';
import type { Slot } from '../dataset/slot';
import type { LayerOf } from './bucketize';
import { hueSequence } from './hue';
import type { HeatmapOptions } from './options';

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
  private readonly totals: boolean;

  constructor(options: { totals: boolean }) {
    this.totals = options.totals;
  }

  readonly add = (slot: Slot): void => {
    slot.each((key, row) => {
      const { buckets, from, to } = row;
      if (from === to) return;
      this.highest = Math.max(this.highest, buckets[to - 1] ?? 0);
      if (this.totals) this.keys.set(key, (this.keys.get(key) ?? 0) + totalOf(row));
      else if (!this.keys.has(key)) this.keys.set(key, 0);
    });
  };
}

function totalOf({ counts, from, to }: Row): number {
  let total = 0;
  for (let i = from; i < to; i++) total += counts[i] ?? 0;
  return total;
}

export function planLayers(
  options: Pick<HeatmapOptions, 'selected' | 'layering' | 'hues'>,
  keys: ReadonlyMap<string, number>,
  /** Layers that may be drawn in all: their arrays must fit into memory. */
  limit: number = LIMITS.imageHues,
): LayerPlan {
  const { layering } = options;
  const selected = layering === 'all' ? largest(keys, limit - 1) : options.selected;
  if (layering !== 'exclude' && selected.length + 1 > limit) {
    throw invalid(
      'selected',
      `must not have more than ${limit - 1} entries in a picture of this size and duration`,
    );
  }
  const hues = options.hues ?? hueSequence(selected.length + 1);
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

/** The keys by name; when there are more than hues, the largest ones: the others stay with the rest. */
function largest(keys: ReadonlyMap<string, number>, limit: number): string[] {
  return [...keys]
    .filter(([key]) => key !== '')
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, limit)
    .map(([key]) => key)
    .sort();
}
