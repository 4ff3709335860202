/*
 * The counts behind one pixel of a heatmap. In: the picture's layout, and x, y from the top left.
 * Out: the slot and the range of values there, and the number of events by key.
 */
import type { DetailsAnswer } from '../../../common/api/heatmap';
import type { Own } from '../../../common/api/value';
import type { Dataset } from '../dataset/dataset';
import { edgeOf, linearAxis } from '../../../common/model/axis';
import { hueOfKey } from '../../../common/model/hue';
import { layOutAxis } from './axis';
import { bucketize } from './bucketize';
import { rowAt } from './columns';
import type { Layout } from './image';
import { largestOf } from '../../../common/model/tally';
import type { HeatmapOptions } from './options';
import { percentileOf } from './series';

type Details = Omit<Own<DetailsAnswer>, 'nbuckets' | 'width' | 'height'>;

export function readDetails(
  dataset: Dataset,
  layout: Layout,
  options: HeatmapOptions,
  at: { x: number; y: number },
): Details {
  const { columns, axis, height } = layout;
  const { grid, granularity, scope } = dataset;
  const { time, slots } = columns.slotsAt(at.x);
  const duration = slots * columns.step;
  const row = rowAt(at.y, axis.rows, height);
  const range = { ymin: edgeOf(axis.value, row), ymax: edgeOf(axis.value, row + 1) };
  const one = layOutAxis(grid, linearAxis(range.ymin, range.ymax, 1), false);
  const counts = new Map<string, number>();
  const spread = new Float64Array(grid.size);
  const only = { ...columns, count: 1, ofSlot: () => 0 };
  const rows = bucketize(only, axis, { layers: 1, layerOf: () => 0 });
  let held = 0;
  dataset.eachSlot(time, time + duration, (slot) => {
    held++;
    rows.add(slot);
    slot.each((key, cells) => {
      let sum = 0;
      for (let i = cells.from; i < cells.to; i++) {
        const bucket = cells.buckets[i] ?? 0;
        spread[bucket] = (spread[bucket] ?? 0) + (cells.counts[i] ?? 0);
        sum += (cells.counts[i] ?? 0) * (one.firstShare[bucket] ?? 0);
      }
      if (sum > 0) counts.set(key, (counts.get(key) ?? 0) + sum);
    });
  });
  // A level is not added up over time: several slots show its mean, as the picture does.
  const parts = scope === 'point' && columns.step > granularity ? Math.max(1, held) : 1;
  const shown = new Map(
    [...counts].map(([key, sum]) => [key, Math.max(1, Math.round(sum / parts))] as const),
  );
  let total = 0;
  for (const count of shown.values()) total += count;
  const cell = {
    bucket_time: time,
    bucket_duration: duration,
    bucket_ymin: Math.round(range.ymin),
    bucket_ymax: Math.round(range.ymax),
  };
  if (options.keys === undefined) {
    const named = [...shown].filter(([key]) => key !== '').sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...cell, present: Object.fromEntries(named), total };
  }
  const keys = largestOf(shown, options.keys, (key) => key !== '').map(([key, count]) => ({
    key,
    total: count,
    hue: hueOfKey(key),
  }));
  const listed = keys.reduce((sum, key) => sum + key.total, 0);
  const hidden = shown.size - (shown.has('') ? 1 : 0) - keys.length;
  return {
    ...cell,
    keys,
    omitted: { keys: hidden, total: hidden > 0 ? total - listed : 0 },
    total,
    column: {
      total: Math.round(spread.reduce((sum, n) => sum + n, 0) / parts),
      percentiles: options.percentiles.map((p) => percentileOf(spread, grid, p / 100) ?? null),
      rows: Array.from(rows.layers[0] ?? [], (n) => Math.round((1000 * n) / parts) / 1000),
    },
  };
}
