/*
 * What a panel asks the aggregator for: its picture with all that stands beside it, what is behind a cell, what is special
 * in a box. In: a panel's state and span. Out: queries.
 * One pixel per cell: the browser enlarges, so no column is ever wider than another.
 */
import { linearAxis, type Scale, type ValueAxis } from '../../../../../common/model/axis.ts';
import type { Theme } from '../../../../../common/model/hue.ts';
import type { Box } from '../box-predicate.ts';
import type { Cell } from '../cell-facts.ts';
import type { PanelState } from '../url-state.ts';

/** Rows of a linear axis; a logarithmic one has at most as many. */
const ROWS = 100;
/** Columns of a picture at most: a longer window has several slots in one. */
export const MAX_COLUMNS = 600;
/** Keys in the list: of more, those that match the search. */
const KEYS = 100;
export const PERCENTILES = [50, 95, 99] as const;
/** Keys that can be selected at a time, as the aggregator has it. */
const SELECTED = 63;

export interface HeatmapWish {
  readonly state: Pick<PanelState, 'coloring' | 'mode' | 'keys' | 'versus' | 'end'>;
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly scale: Scale | 'auto';
  /** Shown before, which a live picture keeps. */
  readonly axis: ValueAxis | undefined;
  readonly theme: Theme;
  readonly search: string;
  readonly waitMs: number;
}

export function heatmapQuery(wish: HeatmapWish): URLSearchParams {
  const { state, start, end, step, axis, search } = wish;
  const query = new URLSearchParams({
    start_time: String(start),
    duration: String(end - start),
    column_seconds: String(step),
    cells: 'true',
    marks: 'true',
    nbuckets: String(ROWS),
    scale: wish.scale,
    theme: wish.theme,
    coloring: state.coloring,
    percentiles: PERCENTILES.join(),
    keys: String(KEYS),
    timeout: String(wish.waitMs),
  });
  // A held picture is the same for everybody who opens its address, whatever they looked at before.
  if (axis !== undefined && state.end === undefined) query.set('axis_before', `${axis.min},${axis.max}`);
  if (search.trim() !== '') query.set('search', search.trim().slice(0, 100));
  for (const [name, value] of selection(state)) query.set(name, value);
  const { versus } = state;
  if (versus?.startsWith('#') === true) query.set('versus_id', versus.slice(1));
  else if (versus !== undefined) query.set('versus_seconds', versus);
  return query;
}

function selection({ mode, keys }: HeatmapWish['state']): [string, string][] {
  if (mode === 'all') return [['decompose_all', 'true']];
  if (keys.length === 0) return [];
  return [
    // As JSON: a key may hold commas.
    ['selected', JSON.stringify(keys.slice(0, SELECTED))],
    ...(mode === 'highlight' ? [] : ([[mode, 'true']] as [string, string][])),
  ];
}

/** The picture of the cell's column alone: the same whatever the window is by now. */
export function detailsQuery(cell: Cell, axis: ValueAxis, step: number, keys: number): URLSearchParams {
  const row = rowOf(axis, cell);
  return new URLSearchParams({
    start_time: String(cell.time),
    duration: String(step),
    column_seconds: String(step),
    cells: 'true',
    nbuckets: String(axis.rows),
    scale: axis.scale,
    ymin: String(axis.min),
    ymax: String(axis.max),
    x: '0',
    y: String(axis.rows - 1 - row),
    keys: String(keys),
    percentiles: '50,99',
    timeout: '0',
  });
}

function rowOf(axis: ValueAxis, cell: Cell): number {
  const { edges, rows } = axis;
  const middle = (cell.low + cell.high) / 2;
  const at =
    edges === undefined
      ? Math.floor(((middle - axis.min) / (axis.max - axis.min)) * rows)
      : edges.findLastIndex((edge) => edge <= middle);
  return Math.min(Math.max(at, 0), rows - 1);
}

/** undefined: the box is not in the window any more. `numeric`: it has values, not time alone. */
export function specialQuery(
  box: Box,
  { start, end }: { readonly start: number; readonly end: number },
  numeric: boolean,
  keys: number,
): URLSearchParams | undefined {
  const from = Math.max(box.start, start);
  const to = Math.min(box.end, end);
  if (to <= from) return undefined;
  const low = Math.max(0, Math.ceil(box.low));
  return new URLSearchParams({
    start_time: String(start),
    duration: String(end - start),
    box_start: String(from),
    box_end: String(to),
    ...(numeric ? { box_ymin: String(low), box_ymax: String(Math.max(low + 1, Math.ceil(box.high))) } : {}),
    limit: String(keys),
    timeout: '0',
  });
}

/** Before the first answer. */
export const NO_AXIS: ValueAxis = linearAxis(0, 1, 1);
