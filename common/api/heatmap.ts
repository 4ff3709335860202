/*
 * Heatmaps over HTTP: parameters, and the answers image, details and series.
 */
import { SCALES } from '../model/axis';
import { THEMES } from '../model/hue';
import { Type } from '../model/schema';
import { LIMITS } from '../service/limits';
import { choice, flag, Integer, list, oneOf, second, Text, whole, type Shape } from './shape';
import { INTERVAL, point, TRANSFORMED } from './value';

export const HEATMAP_DEFAULTS = { width: 600, height: 300, nbuckets: 100 };
const { width, height, nbuckets } = HEATMAP_DEFAULTS;

/** How counts become colours. */
export const COLORINGS = ['rank', 'linear', 'log'] as const;
export const WEIGHTS = ['count', 'weight'] as const;

/** `auto`: logarithmic where a linear axis would put half of the counts into its lowest part. */
export const AXIS_SCALES = [...SCALES, 'auto'] as const;
/** What a comparison shows. */
export const SIDES = ['this', 'other', 'difference'] as const;
/** Bounds of parameters for screens. */
export const SCREEN_LIMITS = { keys: 1000, searchLetters: 100, seconds: 10_000_000 };
const { keys, seconds } = SCREEN_LIMITS;

/** Parameters newer than the first API version; without them answers are as before. */
const SCREEN = {
  scale: choice(
    AXIS_SCALES,
    'How values are spread over the axis, which then has round ends that fit the data. Rows of a logarithmic axis are whole buckets. Default: linear from 0.',
  ),
  axis_before: Type.Optional(
    Type.String({
      description:
        'lowest,highest of the axis that was shown before: it stays until data outgrow it or use little of it. With scale.',
    }),
  ),
  theme: choice(THEMES, 'Ground and colours; each key has its own hue then. Default: as the first clients.'),
  column_seconds: whole(
    1,
    seconds,
    'Seconds of a column, a multiple of the granularity; the interval becomes whole ones. Default: the granularity.',
  ),
  cells: flag(
    'One pixel for each cell, to be enlarged by the client; width and height follow, and percentiles come as numbers.',
  ),
  marks: flag('The ground says which columns are incomplete, have lost events, or are unknown.'),
  keys: whole(0, keys, 'List the largest keys with totals and hues, this many, instead of all names.'),
  search: Type.Optional(
    Type.String({ description: 'List only keys that hold each of these words.', maxLength: 100 }),
  ),
};

/** What the picture is compared with. */
const VERSUS = {
  versus_seconds: whole(1, seconds, 'Compare with the same, this many seconds earlier.'),
  versus_id: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Compare with this instrumentation of the same scope.' }),
  ),
  show: choice(SIDES, 'As image/png: which picture of a comparison. Default: this.'),
};

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
  ...SCREEN,
};

export const IMAGE_QUERY = Type.Object({
  ...HEATMAP,
  ...VERSUS,
  transformations: list('Names of transformations'),
});
export const PNG_QUERY = Type.Object({ ...HEATMAP, ...VERSUS });
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

const AXIS = Type.Object(
  {
    scale: oneOf(SCALES),
    min: Type.Number(),
    max: Type.Number({ description: 'Exclusive.' }),
    rows: Integer,
    edges: Type.Optional(
      Type.Array(Type.Number(), { description: 'Of a logarithmic axis: where rows begin, and the top.' }),
    ),
  },
  { description: 'What the rows of the picture mean, in raw units; row 0 is the lowest.' },
);

const LINE = Type.Object({
  percentile: Type.Number(),
  colour: Text,
  all: Type.Optional(
    Type.Union([Type.Number(), Type.Null()], { description: 'With cells: of the whole interval.' }),
  ),
  values: Type.Optional(
    Type.Array(Type.Union([Type.Number(), Type.Null()]), {
      description: 'With cells: of each column; null: nothing was counted.',
    }),
  ),
});
export type LineAnswer = Shape<typeof LINE>;
const LINES = Type.Optional(Type.Array(LINE, { description: 'Percentiles that were asked for.' }));

const Spread = {
  count: Type.Number({ description: 'With cells, as the next three: all that is drawn.' }),
  below: Type.Number({ description: 'Of them below the axis: not in the picture.' }),
  above: Type.Number({ description: 'Of them above the axis: not in the picture.' }),
  rows: Type.Array(Type.Number(), { description: 'Of them in each row.' }),
};
const SPREAD = Type.Object(Spread);
export type SpreadAnswer = Shape<typeof SPREAD>;
const SOME_SPREAD = {
  count: Type.Optional(Spread.count),
  below: Type.Optional(Spread.below),
  above: Type.Optional(Spread.above),
  rows: Type.Optional(Spread.rows),
};

const KEY = Type.Object({ key: Text, total: Type.Number(), hue: Integer });
export type KeyAnswer = Shape<typeof KEY>;
const KEYS = Type.Optional(
  Type.Array(KEY, { description: 'With the parameter keys: the largest, and the selected ones.' }),
);
const OMITTED = Type.Optional(
  Type.Object({ keys: Integer, total: Type.Number() }, { description: 'What the list leaves out.' }),
);

/** The other side of a comparison, on the same axis and colour scale. */
const VERSUS_ANSWER = point({ percentiles: LINES, ...SOME_SPREAD, image: Text });

export const IMAGE = point({
  ...SIZE,
  promql: Type.Optional(Type.String({ description: 'The same picture for a dashboard.' })),
  ymin: Type.Number(),
  ymax: Type.Number(),
  axis: AXIS,
  present: Type.Optional(Type.Array(Text, { description: 'All keys; absent with the parameter keys.' })),
  total: Type.Optional(
    Type.Number({ description: 'With the parameter keys: of all; of a level the mean over time.' }),
  ),
  keys: KEYS,
  omitted: OMITTED,
  legend: Type.Array(Type.Object({ key: Type.Optional(Text), hue: Type.Number() }), {
    description: 'Layers from bottom to top; the one without a key is the rest.',
  }),
  percentiles: LINES,
  ...SOME_SPREAD,
  transformations: TRANSFORMED,
  image: Text,
  versus: Type.Optional(VERSUS_ANSWER),
  difference: Type.Optional(
    Type.Object(
      { image: Text },
      { description: 'Where there is more (warm) and less (cool); where one side is unknown there is none.' },
    ),
  ),
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
  present: Type.Optional(
    Type.Record(Text, Type.Number(), {
      description:
        'Events by key; at least 1 where there is any share of one. Absent with the parameter keys.',
    }),
  ),
  keys: KEYS,
  omitted: OMITTED,
  total: Type.Number(),
  column: Type.Optional(
    Type.Object(
      {
        total: Type.Number(),
        percentiles: Type.Array(Type.Union([Type.Number(), Type.Null()])),
        rows: Type.Array(Type.Number()),
      },
      {
        description:
          'With the parameter keys: all that those seconds hold, the percentiles asked for, and counts by row.',
      },
    ),
  ),
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
