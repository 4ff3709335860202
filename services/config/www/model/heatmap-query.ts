/*
 * The aggregator's picture for a panel: which parameters to ask it with. In: the view. Out: a query.
 * One pixel per cell: columns are slots, rows are buckets; the browser enlarges, so no column is ever wider than another.
 */
import { hueAt } from '../plot/colour.ts';
import type { PanelState } from './url-state.ts';
import type { ValueAxis } from '../plot/value-axis.ts';

export const ROWS = 100;

/** Pictures of more columns than the aggregator paints are drawn here, from sums of several slots. */
export const MAX_COLUMNS = 600;

const SMALLEST = 10;

export function heatmapQuery(
  view: Pick<PanelState, 'coloring' | 'mode'>,
  keys: readonly string[],
  axis: ValueAxis,
  start: number,
  columns: number,
  step: number,
): URLSearchParams {
  const query = new URLSearchParams({
    start_time: String(start),
    duration: String(columns * step),
    width: String(Math.max(SMALLEST, columns)),
    height: String(ROWS),
    nbuckets: String(ROWS),
    ymin: String(axis.min),
    ymax: String(axis.max),
    coloring: view.coloring,
    timeout: '0',
  });
  for (const [name, value] of heatmapKeys(view.mode, keys)) query.append(name, value);
  return query;
}

/** The hues that a query asks for. */
export function huesOf(query: URLSearchParams): number[] {
  return JSON.parse(query.get('hues') ?? '[]') as number[];
}

function heatmapKeys(mode: PanelState['mode'], keys: readonly string[]): [string, string][] {
  if (keys.length === 0) return [['hues', JSON.stringify([hueAt(0)])]];
  // The aggregator takes one hue per key, after one for everything else, which isolating leaves out.
  const first = mode === 'isolate' ? 1 : 0;
  const hues = Array.from({ length: keys.length + 1 - first }, (_, i) => hueAt(i + first));
  const lists: [string, string][] = [
    // As JSON: a key may hold commas.
    ['selected', JSON.stringify(keys)],
    ['hues', JSON.stringify(hues)],
  ];
  if (mode === 'isolate' || mode === 'exclude') lists.push([mode, 'true']);
  return lists;
}
