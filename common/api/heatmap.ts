/*
 * Heatmaps over HTTP: what a picture may be asked for with, and what is answered about it: image, details, series.
 */
import { Type } from '../model/schema';
import { LIMITS } from '../service/limits';
import { choice, flag, Integer, list, second, Text, whole, type Shape } from './shape';
import { INTERVAL, point, TRANSFORMED } from './value';

export const HEATMAP_DEFAULTS = { width: 600, height: 300, nbuckets: 100 };
const { width, height, nbuckets } = HEATMAP_DEFAULTS;

/** How counts become colours. */
export const COLORINGS = ['rank', 'linear', 'log'] as const;
export const WEIGHTS = ['count', 'weight'] as const;

/** Parameters of every request about a picture. */
export const HEATMAP = {
  ...INTERVAL,
  width: whole(LIMITS.imagePixelsMin, LIMITS.imagePixelsMax, `Pixels; default ${width}.`),
  height: whole(LIMITS.imagePixelsMin, LIMITS.imagePixelsMax, `Pixels; default ${height}.`),
  ymin: second('Lowest value shown, in raw units; default 0.'),
  ymax: second('Highest value shown; default: fitted to the data.'),
  nbuckets: whole(1, LIMITS.imageBuckets, `Rows; default ${nbuckets}.`),
  selected: list('Keys with a hue of their own'),
  isolate: flag('Draw the selected keys alone.'),
  exclude: flag('Draw everything but the selected keys.'),
  decompose_all: flag('Every key gets a hue.'),
  hues: list('Hues, 0 to 359: one for the rest, then one for each selected key'),
  weights: choice(WEIGHTS, 'weight: a count weighs as much as its value.'),
  coloring: choice(COLORINGS, 'How counts become colours.'),
  percentiles: list('Percentiles to draw as lines, 0 to 100'),
  axes: flag('Of images: title, axes with units and legend around the picture, which is larger by them.'),
};

export const IMAGE_QUERY = Type.Object({ ...HEATMAP, transformations: list('Names of transformations') });
export const PNG_QUERY = Type.Object(HEATMAP);
export const DETAILS_QUERY = Type.Object({
  ...HEATMAP,
  x: Type.Integer({ minimum: 0, description: 'Pixels from the left.' }),
  y: Type.Integer({ minimum: 0, description: 'Pixels from the top.' }),
  ymax: Type.Integer({ minimum: 1, description: 'As the picture has it.' }),
});
export const AVERAGE_QUERY = Type.Object(HEATMAP);
export const PERCENTILE_QUERY = Type.Object({
  ...HEATMAP,
  percentile: Type.Number({ minimum: 0, maximum: 1, description: '0.99 for the 99th.' }),
});

const SIZE = { nbuckets: Integer, width: Integer, height: Integer };

export const IMAGE = point({
  ...SIZE,
  promql: Type.Optional(Type.String({ description: 'The same picture for a dashboard.' })),
  ymin: Type.Number(),
  ymax: Type.Number(),
  present: Type.Array(Text),
  legend: Type.Array(Type.Object({ key: Type.Optional(Text), hue: Type.Number() }), {
    description: 'Layers from bottom to top; the one without a key is the rest.',
  }),
  percentiles: Type.Optional(Type.Unknown({ description: 'Lines over the picture, when asked for.' })),
  transformations: TRANSFORMED,
  image: Text,
});
export type ImageAnswer = Shape<typeof IMAGE>;

export const DETAILS = point({
  ...SIZE,
  bucket_time: Integer,
  bucket_duration: Type.Integer({
    description: 'Seconds drawn in the pixel: more than a point where several share it.',
  }),
  bucket_ymin: Type.Number(),
  bucket_ymax: Type.Number(),
  present: Type.Record(Text, Type.Number(), {
    description: 'Events by key; at least 1 where there is any share of one.',
  }),
  total: Type.Number(),
});
export type DetailsAnswer = Shape<typeof DETAILS>;

const Reading = Type.Union([Type.Number(), Type.Null()]);
const Series = Type.Union([Reading, Type.Array(Reading)], {
  description: 'A number where there is one column, else a number for each; null: nothing was counted.',
});
export const AVERAGE = point({ ...SIZE, average: Series });
export type AverageAnswer = Shape<typeof AVERAGE>;
export const PERCENTILE = point({ ...SIZE, percentile: Series });
export type PercentileAnswer = Shape<typeof PERCENTILE>;
