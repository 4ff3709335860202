/*
 * Cells → pixels. In: levels by layer, hues, and the layout. Out: a picture of palette indices, or of colours where
 * there are more than a palette holds. Next: png.ts.
 */
import { rowTop, type Columns } from './columns';
import { mix, ramp, WHITE } from './hue';

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

export function paint(
  levels: readonly Uint8Array[],
  hues: readonly number[],
  columns: Columns,
  options: { rows: number; height: number },
): Picture {
  const { rows, height } = options;
  const ramps = hues.map(ramp);
  // One hue: its levels are the palette already.
  const picture =
    levels.length === 1 && levels[0] !== undefined
      ? { cells: levels[0], palette: ramps[0] }
      : index(mix(levels, ramps));
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
function index(colours: Uint32Array): { cells: Uint8Array | Uint32Array; palette: Uint32Array | undefined } {
  const numbers = new Map<number, number>([[WHITE, 0]]);
  let [lastColour, lastNumber] = [WHITE, 0];
  const cells = new Uint8Array(colours.length);
  for (let cell = 0; cell < colours.length; cell++) {
    const colour = colours[cell] ?? WHITE;
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
