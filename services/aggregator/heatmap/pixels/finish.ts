/*
 * The second half of a picture, which needs no dataset any more: shade, hue, paint, lines, PNG. In: a sketch, made of
 * plain arrays so that it can be handed to another thread. Out: PNG bytes; three times where two are compared.
 * renderer.ts decides where it runs.
 */
import type { Theme } from '../../../../common/model/hue';
import { layOutColumns, type Columns } from '../columns';
import type { Layer } from '../bucketize';
import { difference } from './difference';
import { framed, type Frame } from './frame';
import { lineColour, overlay, type LinePixels } from './overlay';
import { colourCells, compact, markColumns, paint, type Cells, type Picture } from './paint';
import { paletteOf, posterize, type Palette } from './palette';
import { encodePng } from './png';
import { shade, type Coloring } from '../shade';

/** What two pictures that are compared have each of its own. */
export interface SketchSide {
  /** Counts by cell, one array for each layer. */
  readonly layers: readonly Layer[];
  /** How complete each column is; undefined: the picture does not say it. */
  readonly states: Uint8Array | undefined;
  /** Percentile lines. */
  readonly lines: readonly LinePixels[];
}

export interface Sketch extends SketchSide {
  readonly hues: readonly number[];
  readonly coloring: Coloring;
  readonly theme: Theme | undefined;
  readonly rows: number;
  readonly height: number;
  /** What layOutColumns needs: a function cannot change threads. */
  readonly time: {
    readonly start: number;
    readonly duration: number;
    readonly step: number;
    readonly width: number;
  };
  /** One pixel a cell: small, and not made of blocks. */
  readonly cells: boolean;
  /** What is drawn around it. */
  readonly frame?: Frame | undefined;
  /** What it is compared with. */
  readonly other?: SketchSide | undefined;
}

export interface Finished {
  readonly png: Buffer;
  readonly other?: Buffer;
  readonly difference?: Buffer;
}

export function finish(sketch: Sketch): Finished {
  const { layers, coloring, theme, rows, states, other } = sketch;
  const columns = layOutColumns(sketch.time);
  const palette = paletteOf(theme);
  // Both together: equal counts look equal in either picture.
  const levels = shade([...layers, ...(other?.layers ?? [])], coloring);
  const [own, others] = [levels.slice(0, layers.length), levels.slice(layers.length)];
  if (theme !== undefined) {
    posterize(own);
    posterize(others);
  }
  const png = encode(sketch, columns, coloured(sketch, own, sketch, palette), sketch.lines);
  if (other === undefined) return { png };
  const known = new Uint8Array(columns.count);
  const differing = difference(layers, other.layers, {
    rows,
    coloring,
    theme,
    states: [states ?? known, other.states ?? known],
  });
  return {
    png,
    other: encode(sketch, columns, coloured(sketch, others, other, palette), other.lines),
    difference: encode(sketch, columns, differing, []),
  };
}

function coloured(
  { hues, rows }: Sketch,
  levels: readonly Uint8Array[],
  { states }: SketchSide,
  palette: Palette,
): Cells {
  const all = colourCells(levels, hues, palette);
  const cells = palette.theme === undefined ? all : compact(all);
  return states === undefined ? cells : markColumns(cells, states, rows, palette);
}

function encode(sketch: Sketch, columns: Columns, cells: Cells, lines: readonly LinePixels[]): Buffer {
  const { rows, height, frame, theme } = sketch;
  const picture: Picture = paint(cells, columns, { rows, height });
  const edges = Array.from({ length: columns.count + 1 }, (_, column) => columns.edge(column));
  const drawn = overlay(picture, edges, lines, lineColour(theme));
  return encodePng(frame === undefined ? drawn : framed(drawn, frame), sketch.cells);
}

/** About how long finish() takes, in milliseconds: cells to shade, bytes to deflate (measured, both within 2x). */
export function costOf({ layers, height, time, other }: Sketch): number {
  const cells = layers.length * (layers[0]?.length ?? 0);
  const bytes = (layers.length > 1 ? 3 : 1) * time.width * height;
  return (cells / 20_000 + bytes / 1_000_000) * (other === undefined ? 1 : 3);
}
