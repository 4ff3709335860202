/*
 * Cells → pixels. In: levels by layer, hues, a palette, and the layout. Out: a picture of palette indices, or of colours
 * where there are more than a palette holds. Next: png.ts.
 */
import { rowTop, type Columns } from '../columns';
import { STATE } from '../column-states';
import { mix } from '../hue';
import type { Palette } from './palette';

/** Pixels row by row from the top. Runs of equal lines share one line: `lines` holds each distinct one once. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Colours, 0xRRGGBB, at most 256; undefined: lines hold colours themselves. */
  readonly palette: Uint32Array | undefined;
  /** Distinct lines, top to bottom, `width` entries each. */
  readonly lines: Uint8Array | Uint32Array;
  /** How many pixel lines each of them fills. */
  readonly repeats: Uint16Array;
}

const PALETTE_MAX = 256;

/** Each cell's colour: an entry of the palette, or the colour itself where there are more than a palette holds. */
export interface Cells {
  readonly cells: Uint8Array | Uint32Array;
  readonly palette: Uint32Array | undefined;
}

/** Levels and hues → colours. */
export function colourCells(levels: readonly Uint8Array[], hues: readonly number[], palette: Palette): Cells {
  const ramps = hues.map(palette.ramp);
  // One hue: its levels are the palette already.
  return levels.length === 1 && levels[0] !== undefined
    ? { cells: levels[0], palette: ramps[0] }
    : index(mix(levels, ramps, palette.ground), palette.ground);
}

/** The empty cells of columns that are not complete show it. */
export function markColumns(
  picture: Cells,
  states: Uint8Array,
  rows: number,
  { ground, grounds }: Palette,
): Cells {
  const used = [...new Set(states)].filter((state) => state !== STATE.complete);
  if (used.length === 0) return picture;
  const { cells, palette } = compact(picture);
  const all = palette === undefined ? undefined : [...palette];
  const entries = new Map(
    used.map((state) => {
      const colour = grounds[state] ?? ground;
      return [state, all === undefined ? colour : all.push(colour) - 1] as const;
    }),
  );
  const empty = palette === undefined ? ground : palette.indexOf(ground);
  states.forEach((state, column) => {
    const entry = entries.get(state);
    if (entry === undefined) return;
    for (let cell = column * rows; cell < (column + 1) * rows; cell++)
      if (cells[cell] === empty) cells[cell] = entry;
  });
  return { cells, palette: all === undefined ? undefined : Uint32Array.from(all) };
}

/** Grounds of incomplete columns need places of their own. */
const GROUNDS = 3;

/** A copy whose palette has room for the grounds: without the entries that no cell has, or without a palette. */
export function compact({ cells, palette }: Cells): Cells {
  if (palette === undefined || palette.length + GROUNDS <= PALETTE_MAX)
    return { cells: cells.slice(), palette };
  const used = [...new Set([0, ...cells])].sort((a, b) => a - b);
  if (used.length + GROUNDS > PALETTE_MAX)
    return { cells: Uint32Array.from(cells, (entry) => palette[entry] ?? 0), palette: undefined };
  const places = new Map(used.map((entry, place) => [entry, place] as const));
  return {
    cells: Uint8Array.from(cells, (entry) => places.get(entry) ?? 0),
    palette: Uint32Array.from(used, (entry) => palette[entry] ?? 0),
  };
}

export function paint(picture: Cells, columns: Columns, options: { rows: number; height: number }): Picture {
  const { rows, height } = options;
  const lines = new (picture.palette === undefined ? Uint32Array : Uint8Array)(rows * columns.width);
  const repeats = new Uint16Array(rows);
  const edges = Array.from({ length: columns.count + 1 }, (_, column) => columns.edge(column));
  for (let line = 0; line < rows; line++) {
    const row = rows - 1 - line;
    repeats[line] = rowTop(row - 1, rows, height) - rowTop(row, rows, height);
    const at = line * columns.width;
    for (let column = 0; column < columns.count; column++) {
      const entry = picture.cells[column * rows + row] ?? 0;
      const end = at + (edges[column + 1] ?? 0);
      for (let x = at + (edges[column] ?? 0); x < end; x++) lines[x] = entry;
    }
  }
  return { width: columns.width, height, palette: picture.palette, lines, repeats };
}

/** Numbers the colours in order of appearance; gives up when a palette cannot hold them. */
function index(colours: Uint32Array, ground: number): Cells {
  const numbers = new Map<number, number>([[ground, 0]]);
  let [lastColour, lastNumber] = [ground, 0];
  const cells = new Uint8Array(colours.length);
  for (let cell = 0; cell < colours.length; cell++) {
    const colour = colours[cell] ?? ground;
    if (colour !== lastColour) {
      let number = numbers.get(colour);
      if (number === undefined) {
        if (numbers.size === PALETTE_MAX) return { cells: colours, palette: undefined };
        number = numbers.size;
        numbers.set(colour, number);
      }
      [lastColour, lastNumber] = [colour, number];
    }
    cells[cell] = lastNumber;
  }
  return { cells, palette: Uint32Array.from(numbers.keys()) };
}
