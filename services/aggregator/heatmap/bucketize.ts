/*
 * Counts by slot, key and bucket → counts by cell of the picture, one array for each layer. In: slots and the
 * layout. Out: layers, cell = column · rows + row, row 0 at the bottom. Next: shade.ts.
 *
 * Each key's counts go to exactly one layer (its own, or that of the rest), so layers add up to the total, and
 * nothing has to be subtracted afterwards. The original deducted selected keys from a total, with rounding errors.
 */
import type { Row } from '../dataset/cells';
import type { Slot } from '../dataset/slot';
import type { Axis } from './axis';
import type { Columns } from './columns';

/** Counts of one layer by cell; fractions where a bucket spans several rows. */
export type Layer = Float64Array;

/** Layer of a key; -1: the key is not drawn. */
export type LayerOf = (key: string) => number;

/** A slot, or what another aggregator counted in one. */
export type CountedSlot = Pick<Slot, 'time' | 'each'>;

interface Bucketizer {
  readonly layers: readonly Layer[];
  /** Adds one slot of the picture. */
  readonly add: (slot: CountedSlot) => void;
}

/** Slot by slot, so that a long stretch can be read in slices (slices.ts). */
export function bucketize(
  columns: Columns,
  axis: Axis,
  layout: { layers: number; layerOf: LayerOf },
): Bucketizer {
  const layers = Array.from({ length: layout.layers }, () => new Float64Array(columns.count * axis.rows));
  const add = (slot: CountedSlot): void => {
    const base = columns.ofSlot(slot.time) * axis.rows;
    slot.each((key, row) => {
      const layer = layers[layout.layerOf(key)];
      if (layer !== undefined) spread(layer, base, axis, row);
    });
  };
  return { layers, add };
}

function spread(layer: Layer, base: number, axis: Axis, row: Row): void {
  const { first, last, firstShare, midShare, lastShare } = axis;
  const { buckets, counts, from, to } = row;
  for (let i = from; i < to; i++) {
    const bucket = buckets[i] ?? 0;
    const low = first[bucket] ?? -1;
    if (low < 0) continue;
    const count = counts[i] ?? 0;
    const high = last[bucket] ?? low;
    layer[base + low] = (layer[base + low] ?? 0) + count * (firstShare[bucket] ?? 0);
    if (high === low) continue;
    const share = count * (midShare[bucket] ?? 0);
    for (let r = low + 1; r < high; r++) layer[base + r] = (layer[base + r] ?? 0) + share;
    layer[base + high] = (layer[base + high] ?? 0) + count * (lastShare[bucket] ?? 0);
  }
}
