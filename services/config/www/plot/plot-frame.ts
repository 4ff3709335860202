/*
 * The frame of a plot: where the picture sits in its box, and pixels ⇄ time and value. In: sizes, a scene's range.
 * Out: coordinates. Pure, so that a click can be tested without a browser.
 */
import { edgeOf, positionOf, type ValueAxis } from '../../../../common/model/axis.ts';
import type { Box } from '../model/box-predicate.ts';
import type { Cell } from '../model/cell-facts.ts';

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Range {
  /** Seconds since 1970; end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly axis: ValueAxis;
}

export function columnsOf(range: Pick<Range, 'start' | 'end' | 'step'>): number {
  return Math.round((range.end - range.start) / range.step);
}

export function xOf(frame: Frame, range: Range, time: number): number {
  return frame.left + (frame.width * (time - range.start)) / (range.end - range.start);
}

export function yOf(frame: Frame, range: Range, value: number): number {
  return frame.top + frame.height * (1 - positionOf(range.axis, value));
}

/** The cell under a pixel, or the nearest one: a drag may leave the picture. */
export function cellAt(frame: Frame, range: Range, x: number, y: number): Cell {
  const columns = columnsOf(range);
  const column = clamp(Math.floor(((x - frame.left) / frame.width) * columns), 0, columns - 1);
  const { rows } = range.axis;
  const row = clamp(Math.floor((1 - (y - frame.top) / frame.height) * rows), 0, rows - 1);
  return cellOf(range, column, row);
}

export function cellOf(range: Range, column: number, row: number): Cell {
  const { axis } = range;
  const value = (r: number): number => {
    const exact = edgeOf(axis, r);
    // Values are whole raw units; a row that is narrower than one keeps its fraction.
    return (axis.max - axis.min) / axis.rows >= 1 ? Math.round(exact) : exact;
  };
  return { time: range.start + column * range.step, low: value(row), high: value(row + 1) };
}

/** Column and row of a cell, for moving about with the keyboard. */
export function placeOf(range: Range, cell: Cell): { readonly column: number; readonly row: number } {
  const middle = (positionOf(range.axis, cell.low) + positionOf(range.axis, cell.high)) / 2;
  return {
    column: clamp(Math.floor((cell.time - range.start) / range.step), 0, columnsOf(range) - 1),
    row: clamp(Math.floor(middle * range.axis.rows), 0, range.axis.rows - 1),
  };
}

/** The box that has two cells at its corners, both inside. */
export function boxOf(a: Cell, b: Cell, step: number): Box {
  return {
    start: Math.min(a.time, b.time),
    end: Math.max(a.time, b.time) + step,
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
  };
}

function clamp(n: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, n));
}

/**
 * Columns are whole device pixels, all of them as wide, where a column has several: while the picture moves on, none
 * changes its width.
 */
export function wholeColumns(frame: Frame, columns: number, ratio: number): Frame {
  const pixels = Math.floor((frame.width * ratio) / columns);
  if (pixels < COLUMN_PIXELS) return frame;
  return { ...frame, left: Math.round(frame.left * ratio) / ratio, width: (pixels * columns) / ratio };
}

/** Narrower columns would leave too much of the plot empty. */
const COLUMN_PIXELS = 4;
