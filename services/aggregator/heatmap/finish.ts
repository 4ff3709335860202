/*
 * The second half of a picture, which needs no dataset any more: shade, hue, paint, lines, PNG. In: a sketch, made of
 * plain arrays so that it can be handed to another thread. Out: PNG bytes. renderer.ts decides where it runs.
 */
import { layOutColumns } from './columns';
import type { Layer } from './bucketize';
import { framed, type Frame } from './frame';
import { overlay, type LinePixels } from './overlay';
import { paint } from './paint';
import { encodePng } from './png';
import { shade, type Coloring } from './shade';

export interface Sketch {
  /** Counts by cell, one array for each layer, and the layers' hues. */
  readonly layers: readonly Layer[];
  readonly hues: readonly number[];
  readonly coloring: Coloring;
  readonly rows: number;
  readonly height: number;
  /** What layOutColumns needs: a function cannot change threads. */
  readonly time: {
    readonly start: number;
    readonly duration: number;
    readonly step: number;
    readonly width: number;
  };
  /** Percentile lines. */
  readonly lines: readonly LinePixels[];
  /** What is drawn around it. */
  readonly frame?: Frame | undefined;
}

export function finish({ layers, hues, coloring, rows, height, time, lines, frame }: Sketch): Buffer {
  const columns = layOutColumns(time);
  const picture = paint(shade(layers, coloring), hues, columns, { rows, height });
  const edges = Array.from({ length: columns.count + 1 }, (_, column) => columns.edge(column));
  const drawn = overlay(picture, edges, lines);
  return encodePng(frame === undefined ? drawn : framed(drawn, frame));
}

/** About how long finish() takes, in milliseconds: cells to shade, bytes to deflate (measured, both within 2x). */
export function costOf({ layers, height, time }: Sketch): number {
  const cells = layers.length * (layers[0]?.length ?? 0);
  const bytes = (layers.length > 1 ? 3 : 1) * time.width * height;
  return cells / 20_000 + bytes / 1_000_000;
}
