/*
 * One frame of `cactl watch`, whole. In: a window of slots and the size of the screen. Out: lines for the terminal.
 *
 *     disk.physio_ops by disk, latency                        what is shown
 *      100ms ┤▄▀ ▀                                            latency up, time to the right: two pixels a cell
 *       10ms ┤▀▀▄▀▄
 *            └────┴──×─┴                                      × marks seconds that are not complete
 *            04:10:00 …                                       UTC
 *     1■ sda 62%  2■ sdb 38%                                  keys and their colours
 */
import { shortText } from '../../common/model/unit';
import type { TypeName } from '../../common/model/field';
import { background, foreground, RESET } from '../cli/screen/colour';
import type { Colours } from '../cli/io';
import type { Legend } from './legend';
import { barRaster, FLOOR, heatRaster, shown, type Pixel, type Raster, type RasterOptions } from './raster';
import { linearBounds, logBounds } from './rows';
import type { Slot } from './timeline';
import { cut, widthOf } from '../cli/screen/visible';

export interface PictureOptions {
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  readonly colours: Colours;
  readonly granularity: number;
  /** The numeric field; undefined: bars of counts. */
  readonly numeric: { readonly field: string; readonly type: TypeName } | undefined;
  /** Step of a linear grid. */
  readonly step: number | undefined;
  readonly countType: TypeName | undefined;
  readonly only?: string | undefined;
  readonly shading: 'rank' | 'linear';
  readonly legend: Legend;
  readonly foot: string;
}

/** Columns left of the plot: label, space, axis. */
const AXIS = 9;
/** Lines that are not plot: title, axis, times, legend, foot. */
const FRAME = 5;

export function plotColumns(columns: number): number {
  return Math.max(1, columns - AXIS);
}

export function picture(slots: readonly (Slot | undefined)[], o: PictureOptions): string[] {
  const cellRows = Math.max(4, o.rows - FRAME);
  const halves = o.colours === 'none' ? 1 : 2;
  const height = cellRows * halves;
  const bounds = boundsOf(slots, o, height);
  const options: RasterOptions = { bounds, height, legend: o.legend, only: o.only, shading: o.shading };
  const raster = o.numeric === undefined ? barRaster(slots, options) : heatRaster(slots, options);
  const labels = labelRows(bounds, cellRows, o.numeric === undefined ? o.countType : o.numeric.type);
  const lines = Array.from({ length: cellRows }, (_, i) => {
    const row = cellRows - 1 - i;
    const label = labels.get(row);
    const axis = label === undefined ? `${' '.repeat(AXIS - 1)}│` : `${label.padStart(AXIS - 2)} ┤`;
    return axis + (halves === 2 ? halfBlocks(raster, row, o.colours) : shades(raster, row));
  });
  return [
    cut(o.title, o.columns),
    ...lines,
    timeAxis(slots),
    timeLabels(slots, o.granularity),
    legendLine(o),
    cut(o.foot, o.columns),
  ];
}

function boundsOf(slots: readonly (Slot | undefined)[], o: PictureOptions, height: number): number[] {
  let lo = Infinity;
  let hi = 0;
  for (const slot of slots) {
    let sum = 0;
    for (const [key, amount] of slot?.amounts ?? []) {
      if (o.only !== undefined && key !== o.only) continue;
      if (typeof amount === 'number') sum += amount;
      else
        for (const [[from]] of amount) {
          lo = Math.min(lo, from);
          hi = Math.max(hi, from);
        }
    }
    if (o.numeric === undefined) hi = Math.max(hi, sum);
  }
  if (o.numeric === undefined) return linearBounds(0, Math.max(hi, 1), stepFor(hi, height), height);
  if (lo === Infinity) return logBounds(1, 1e9, height);
  return o.step === undefined ? logBounds(lo, hi, height) : linearBounds(0, 99 * o.step, o.step, height);
}

/** A step of 1, 2 or 5 × 10^k with which `hi` fits. */
function stepFor(hi: number, height: number): number {
  for (let power = 1; ; power *= 10)
    for (const n of [1, 2, 5]) if (hi / (n * power) < height) return n * power;
}

/** Row of cells → label; decades first, then 5 and 2, then whatever fits between. */
function labelRows(
  bounds: readonly number[],
  cellRows: number,
  type: TypeName | undefined,
): Map<number, string> {
  const labels = new Map<number, string>();
  const niceness = (v: number): number => {
    const digit = v === 0 ? 1 : v / 10 ** Math.floor(Math.log10(v) + 1e-9);
    return Math.abs(digit - 1) < 1e-6
      ? 0
      : Math.abs(digit - 5) < 1e-6
        ? 1
        : Math.abs(digit - 2) < 1e-6
          ? 2
          : 3;
  };
  const order = bounds
    .map((bound, i) => ({ bound, i }))
    .sort((a, b) => niceness(a.bound) - niceness(b.bound) || a.i - b.i);
  for (const { bound, i } of order) {
    const row = Math.ceil((i * cellRows) / bounds.length);
    const near = [row - 1, row, row + 1].some((r) => labels.has(r));
    if (row < cellRows && !near) labels.set(row, cut(shortText(bound, type), AXIS - 2));
  }
  return labels;
}

/** Upper half in the foreground colour, lower half in the background's. */
function halfBlocks(raster: Raster, row: number, colours: Colours): string {
  let out = '';
  let state = '';
  for (const column of raster) {
    const upper = column[2 * row + 1];
    const lower = column[2 * row];
    const cell = cellOf(upper, lower, colours);
    if (cell.sgr !== state) out += state === '' ? cell.sgr : `${RESET}${cell.sgr}`;
    state = cell.sgr;
    out += cell.character;
  }
  return state === '' ? out : out + RESET;
}

function cellOf(
  upper: Pixel | undefined,
  lower: Pixel | undefined,
  colours: Colours,
): { character: string; sgr: string } {
  if (upper === undefined && lower === undefined) return { character: ' ', sgr: '' };
  if (upper === undefined && lower !== undefined)
    return { character: '▄', sgr: foreground(shown(lower), colours) };
  const top = upper === undefined ? '' : foreground(shown(upper), colours);
  if (lower === undefined) return { character: '▀', sgr: top };
  return { character: '▀', sgr: top + background(shown(lower), colours) };
}

const SHADES = ['░', '▒', '▓', '█'];

/** Without colours: one pixel a cell, four shades of ink. */
function shades(raster: Raster, row: number): string {
  return raster
    .map((column) => {
      const pixel = column[row];
      if (pixel === undefined) return ' ';
      const ink = (pixel.brightness - FLOOR) / (1 - FLOOR);
      return SHADES[Math.max(0, Math.ceil(4 * ink - 1e-9) - 1)] ?? '█';
    })
    .join('');
}

const TICK = 10;

function timeAxis(slots: readonly (Slot | undefined)[]): string {
  const marks = slots.map((slot, i) => {
    if (slot !== undefined && (slot.reporting < slot.expected || slot.lost > 0)) return '×';
    return (slots.length - 1 - i) % TICK === 0 ? '┴' : '─';
  });
  return `${' '.repeat(AXIS - 1)}└${marks.join('')}`;
}

/** The first and the last slot's time, UTC, when both fit. */
function timeLabels(slots: readonly (Slot | undefined)[], granularity: number): string {
  const newest = slots.at(-1)?.time;
  if (newest === undefined) return '';
  const text = (time: number): string => new Date(1000 * time).toISOString().slice(11, 19);
  const last = text(newest);
  const first = text(newest - (slots.length - 1) * granularity);
  const space = slots.length - first.length - last.length;
  return ' '.repeat(AXIS) + (space >= 1 ? first + ' '.repeat(space) + last : last.padStart(slots.length));
}

function legendLine(o: PictureOptions): string {
  const { entries, others } = o.legend;
  if (entries.length === 0 || (entries.length === 1 && entries[0]?.key === '')) return '';
  let line = '';
  let used = 0;
  const add = (text: string, painted: string): boolean => {
    const width = widthOf(text) + (used === 0 ? 0 : 2);
    if (used + width > o.columns) return false;
    line += (used === 0 ? '' : '  ') + painted;
    used += width;
    return true;
  };
  for (const [i, { key, rgb, share }] of entries.entries()) {
    const name = `${cut(key, 20)} ${Math.round(100 * share)}%`;
    const mark = o.only === key ? '◆' : '■';
    const reset = o.colours === 'none' ? '' : RESET;
    if (!add(`${i + 1}${mark} ${name}`, `${i + 1}${foreground(rgb, o.colours)}${mark}${reset} ${name}`))
      return line;
  }
  if (others > 0.005) add(`others ${Math.round(100 * others)}%`, `others ${Math.round(100 * others)}%`);
  return line;
}
