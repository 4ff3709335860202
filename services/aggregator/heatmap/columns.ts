/*
 * Time ⇄ pixel columns. In: the time range, the slots' length, the width and height.
 * Out: pixel column of a slot, slot of a pixel column; the same for rows of values.
 *
 * Pixel edges depend on the absolute number of a slot, not on its place in the picture: while a live picture scrolls,
 * each slot keeps its width, so that nothing flickers. All divisions are of whole numbers below 2^53, so exact.
 */

export interface Columns {
  readonly start: number;
  readonly step: number;
  /** Slots in the picture, and columns of cells: fewer than slots when several share one pixel. */
  readonly slots: number;
  readonly count: number;
  readonly width: number;
  /** Column of cells that a slot's counts go to. */
  readonly ofSlot: (time: number) => number;
  /** First pixel of a column; of `count`: the width. */
  readonly edge: (column: number) => number;
  /** The slots drawn at a pixel: first one's time, and how many. */
  readonly slotsAt: (x: number) => { time: number; slots: number };
}

export function layOutColumns(options: {
  start: number;
  duration: number;
  step: number;
  width: number;
}): Columns {
  const { start, duration, step, width } = options;
  const slots = duration / step;
  const base = start / step;
  const offset = Math.floor((base * width) / slots);
  const edge = (slot: number): number => Math.floor(((base + slot) * width) / slots) - offset;
  const shared = slots > width;
  return {
    start,
    step,
    slots,
    count: shared ? width : slots,
    width,
    ofSlot: (time) => {
      // A slot may be a part of a column only.
      const slot = Math.floor((time - start) / step);
      return shared ? Math.min(edge(slot), width - 1) : slot;
    },
    edge: shared ? (column) => column : edge,
    slotsAt: (x) => {
      // edge(i) <= x means (base + i) · width / slots < x + offset + 1.
      const at = Math.ceil(((x + offset + 1) * slots) / width) - 1 - base;
      // The last slot may begin just beyond the last pixel: ofSlot puts it there all the same.
      const last = x >= width - 1 ? slots - 1 : Math.min(at, slots - 1);
      const first = shared ? Math.max(Math.ceil(((x + offset) * slots) / width) - base, 0) : last;
      return { time: start + first * step, slots: last - first + 1 };
    },
  };
}

/** First pixel line, from the top, of a row of cells counted from the bottom; of row -1: the height. */
export function rowTop(row: number, rows: number, height: number): number {
  return Math.floor(((rows - row - 1) * height) / rows);
}

/** The row of cells, counted from the bottom, that is drawn at a pixel line. */
export function rowAt(y: number, rows: number, height: number): number {
  return rows - Math.ceil(((y + 1) * rows) / height);
}
