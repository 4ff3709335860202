/*
 * The picture of a heatmap: from the aggregator where it can paint it, painted here where it cannot (logarithmic axis,
 * sums of slots, comparisons). In: a view of a history. Out: pixels, one per cell, in the theme's colours.
 */
import type { Api } from '../model/api.ts';
import { layerOf, remainder, type Layer } from '../model/cells.ts';
import { hueAt, repaint, type Theme } from './colour.ts';
import { heatmapQuery, huesOf, MAX_COLUMNS, ROWS } from '../model/heatmap-query.ts';
import { wasAsked, type Point } from '../model/history.ts';
import { absoluteDifference, paint, paintDifference, type HuedLayer, type Picture } from './paint.ts';
import { shadeOf } from './shade.ts';
import type { PanelState } from '../model/url-state.ts';
import type { ValueAxis } from './value-axis.ts';

export interface PictureWish {
  readonly view: Pick<PanelState, 'coloring' | 'mode'>;
  readonly keys: readonly string[];
  readonly axis: ValueAxis;
  readonly start: number;
  readonly step: number;
  readonly points: readonly (Point | undefined)[];
}

/** Whether the aggregator's own picture will do. */
export function isServable(wish: PictureWish, granularity: number): boolean {
  const columns = wish.points.length;
  return wish.axis.kind === 'linear' && wish.step === granularity && columns >= 10 && columns <= MAX_COLUMNS;
}

export async function servedPicture(api: Api, id: string, wish: PictureWish, theme: Theme): Promise<Picture> {
  const { view, keys, axis, start, step, points } = wish;
  const query = heatmapQuery(view, keys, axis, start, points.length, step);
  const { image } = await api.image(id, query);
  const picture = await decode(image);
  repaint(picture.rgba, theme, huesOf(query));
  return picture;
}

const scratch = document.createElement('canvas');

async function decode(base64: string): Promise<Picture> {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }), {
    colorSpaceConversion: 'none',
  });
  const { width, height } = bitmap;
  if (scratch.width !== width) scratch.width = width;
  if (scratch.height !== height) scratch.height = height;
  const context = scratch.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, rgba: context.getImageData(0, 0, width, height).data };
}

/** The layers that a view shows, with their hues. */
export function layersOf(wish: PictureWish): HuedLayer[] {
  const { points, keys, axis, view } = wish;
  const total = layerOf(points, (point) => point.all, axis, ROWS);
  const chosen = keys.map((key, i) => ({
    layer: layerOf(points, (point) => point.keys.get(key), axis, ROWS),
    hue: hueAt(i + 1),
  }));
  if (view.mode === 'isolate' && keys.length > 0) return chosen;
  const rest = {
    layer: remainder(
      total,
      chosen.map(({ layer }) => layer),
    ),
    hue: hueAt(0),
  };
  return view.mode === 'exclude' ? [rest] : [rest, ...chosen];
}

export function ownPicture(wish: PictureWish, theme: Theme): Picture {
  const layers = layersOf(wish);
  return paint(
    layers,
    shadeOf(
      layers.map(({ layer }) => layer),
      wish.view.coloring,
    ),
    theme,
  );
}

export interface Comparison {
  readonly a: Picture;
  readonly b: Picture;
  readonly difference: Picture;
}

/** Two views on one colour scale, and where a has more than b. */
export function comparison(a: PictureWish, b: PictureWish, theme: Theme): Comparison {
  const layersA = layersOf(a);
  const layersB = layersOf(b);
  const shade = shadeOf(
    [...layersA, ...layersB].map(({ layer }) => layer),
    a.view.coloring,
  );
  const sumA = together(layersA);
  const sumB = together(layersB);
  const isKnown = (column: number): boolean =>
    [a, b].every(({ points }) => {
      const point = points[column];
      return point !== undefined && wasAsked(point);
    });
  const differenceShade = shadeOf(
    [absoluteDifference(sumA, sumB, isKnown)],
    a.view.coloring === 'rank' ? 'log' : a.view.coloring,
  );
  return {
    a: paint(layersA, shade, theme),
    b: paint(layersB, shade, theme),
    difference: paintDifference(sumA, sumB, differenceShade, theme, isKnown),
  };
}

function together(layers: readonly HuedLayer[]): Layer {
  const [first, ...others] = layers.map(({ layer }) => layer);
  if (first === undefined) return { columns: 0, rows: ROWS, counts: new Float64Array(0) };
  const counts = first.counts.map((n, i) => others.reduce((sum, other) => sum + (other.counts[i] ?? 0), n));
  return { ...first, counts };
}
