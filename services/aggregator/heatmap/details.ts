/*
 * What stands behind one pixel of a heatmap. In: the picture's layout and x, y as a browser counts them (from the
 * top left). Out: the slot and the range of values there, and how many events of each key.
 */
import type { DetailsAnswer } from '../../../common/api/heatmap';
import type { Own } from '../../../common/api/value';
import type { Dataset } from '../dataset/dataset';
import { layOutAxis } from './axis';
import { rowAt } from './columns';
import type { Layout } from './image';
import type { HeatmapOptions } from './options';

type Details = Omit<Own<DetailsAnswer>, 'nbuckets' | 'width' | 'height'>;

export function readDetails(
  dataset: Dataset,
  layout: Layout,
  options: HeatmapOptions,
  at: { x: number; y: number },
): Details {
  const { columns, axis } = layout;
  const { time, slots } = columns.slotsAt(at.x);
  const row = rowAt(at.y, axis.rows, options.height);
  const perRow = (axis.ymax - axis.ymin) / axis.rows;
  const range = { ymin: axis.ymin + row * perRow, ymax: axis.ymin + (row + 1) * perRow };
  const one = layOutAxis(dataset.grid, { ...range, rows: 1, weighted: false });
  const counts = new Map<string, number>();
  dataset.eachSlot(time, time + slots * dataset.granularity, (slot) => {
    slot.each((key, cells) => {
      let sum = 0;
      for (let i = cells.from; i < cells.to; i++) {
        sum += (cells.counts[i] ?? 0) * (one.firstShare[cells.buckets[i] ?? 0] ?? 0);
      }
      if (sum > 0) counts.set(key, (counts.get(key) ?? 0) + sum);
    });
  });
  const shown = [...counts].map(([key, sum]) => [key, Math.max(1, Math.round(sum))] as const);
  return {
    bucket_time: time,
    bucket_duration: slots * dataset.granularity,
    bucket_ymin: Math.round(range.ymin),
    bucket_ymax: Math.round(range.ymax),
    present: Object.fromEntries(shown.filter(([key]) => key !== '').sort(([a], [b]) => (a < b ? -1 : 1))),
    total: shown.reduce((sum, [, count]) => sum + count, 0),
  };
}
