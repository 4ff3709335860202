/*
 * The values of an instrumentation, described: what aggregators answer and this service passes on. In: nothing.
 * Out: one description a resource. Aggregators check the parameters themselves; the tests of the whole stack hold
 * their answers against this.
 */
import { LIMITS } from '../../../common/service/limits';
import { Type, type TSchema } from '../../../common/model/schema';
import type { Resource } from './resource';
import { NAMED_URIS, TRANSFORMED } from './shapes';

export type ValueResource = Pick<Resource, 'path' | 'summary' | 'query' | 'answers'>;

const Second = (description: string): TSchema => Type.Optional(Type.Integer({ minimum: 0, description }));
const Flag = (description: string): TSchema => Type.Optional(Type.Boolean({ description }));
const whole = (minimum: number, maximum: number, description: string): TSchema =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));
const choice = (values: readonly string[], description: string): TSchema =>
  Type.Optional(Type.Unsafe<string>({ type: 'string', enum: values, description }));
const list = (description: string): TSchema =>
  Type.Optional(
    Type.String({ description: `${description}: separated by commas, or the parameter several times` }),
  );

const INTERVAL = {
  start_time: Second('First second; rounded down to the granularity.'),
  end_time: Second('Second after the last one.'),
  duration: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: `Seconds, rounded up to the granularity; at most ${LIMITS.valueSecondsMax} points. Default 1, of pictures 60.`,
    }),
  ),
  ndatapoints: whole(1, LIMITS.valuePointsMax, 'So many intervals in a row; then the answer is a list.'),
  timeout: whole(0, LIMITS.valueWaitMsMax, 'Milliseconds to wait for nodes that have not reported yet.'),
};

const HEATMAP = {
  ...INTERVAL,
  width: whole(LIMITS.imagePixelsMin, LIMITS.imagePixelsMax, 'Pixels; default 600.'),
  height: whole(LIMITS.imagePixelsMin, LIMITS.imagePixelsMax, 'Pixels; default 300.'),
  ymin: Second('Lowest value shown, in raw units; default 0.'),
  ymax: Second('Highest value shown; default: fitted to the data.'),
  nbuckets: whole(1, LIMITS.imageBuckets, 'Rows; default 100.'),
  selected: list('Keys with a hue of their own'),
  isolate: Flag('Draw the selected keys alone.'),
  exclude: Flag('Draw everything but the selected keys.'),
  decompose_all: Flag('Every key gets a hue.'),
  hues: list('Hues, 0 to 359: one for the rest, then one for each selected key'),
  weights: choice(['count', 'weight'], 'weight: a count weighs as much as its value.'),
  coloring: choice(['rank', 'linear', 'log'], 'How counts become colours.'),
  percentiles: list('Percentiles to draw as lines, 0 to 100'),
  axes: Flag('Of images: title, axes with units and legend around the picture, which is larger by them.'),
};

const TOP = {
  ...INTERVAL,
  percentiles: list('Percentiles, 0 to 100; at most 10; default 50, 95, 99'),
  sort: Type.Optional(
    Type.String({
      description:
        'The figure to rank by: count (default), sum, mean, min, max, p99; of levels last (default), mean, min, max.',
    }),
  ),
  limit: whole(1, 1000, 'Most keys; default 20.'),
};
const Figures = Type.Object(
  {},
  {
    additionalProperties: true,
    description: 'key, and figures by name: count, sum, mean, min, p50, …, max, last.',
  },
);

const SPECIAL = {
  start_time: INTERVAL.start_time,
  end_time: INTERVAL.end_time,
  duration: INTERVAL.duration,
  timeout: INTERVAL.timeout,
  box_start: Second('First second of the box; default: that of the stretch, which it must be within.'),
  box_end: Second('Second after its last one.'),
  box_ymin: Second('Lowest value of the box, in raw units; default 0.'),
  box_ymax: Second('Where its values end; default: no end.'),
  limit: whole(1, 1000, 'Most keys; default 20.'),
};
const Share = Type.Number({ minimum: 0, maximum: 1 });
const SpecialKey = Type.Object({
  key: Type.String(),
  inside: Type.Number(),
  outside: Type.Number(),
  share_inside: Share,
  share_outside: Share,
  ratio: Type.Union([Type.Number(), Type.Null()], {
    description: 'share_inside / share_outside; null: there is none outside.',
  }),
  g: Type.Optional(Type.Number({ description: 'Log-likelihood ratio; negative: rarer inside.' })),
  p: Type.Optional(Type.Number({ description: 'By chance alone, corrected for the number of keys.' })),
  significant: Type.Optional(Type.Boolean({ description: 'Over-represented, and p below alpha.' })),
});

const Integer = Type.Integer();
const POINT = {
  start_time: Integer,
  duration: Integer,
  end_time: Integer,
  requested_start_time: Integer,
  requested_duration: Integer,
  requested_end_time: Integer,
  nsources: Type.Integer({ description: 'Nodes that should have reported.' }),
  minreporting: Type.Integer({ description: 'Nodes that did, at the worst second.' }),
  lost: Type.Number({ description: 'Events known to have happened and not counted.' }),
  cost: Type.Optional(
    Type.Object(
      {
        nodes: Type.Integer({ description: 'Nodes that have told.' }),
        runs_per_second: Type.Number({ description: 'Runs of programs: an event with two ends makes two.' }),
        ns_per_run: Type.Number(),
        percent_of_core: Type.Number({ description: 'Of one CPU, all nodes together.' }),
        memory_bytes: Type.Number({ description: 'Of the kernels, all nodes together.' }),
        worst: Type.Optional(
          Type.Object(
            { node: Type.String(), percent_of_core: Type.Number() },
            { description: 'Operators only.' },
          ),
        ),
      },
      { description: 'What gathering it costs now, by the kernels’ own statistics; measured every 10 s.' },
    ),
  ),
  clocks: Type.Optional(
    Type.Object(
      {
        nodes: Type.Integer({ description: 'How many.' }),
        worst: Type.Object({
          node: Type.Optional(Type.String()),
          offset_ms: Type.Number({ description: 'How far its clock is ahead of the aggregator’s.' }),
          shifted_seconds: Type.Integer({ description: 'What is added to its seconds.' }),
        }),
      },
      { description: 'Nodes whose clocks are off; their seconds are shifted into the aggregator’s.' },
    ),
  ),
  disk: Type.Optional(
    Type.Object(
      {
        written: Type.Boolean({ description: 'False: values of late are in memory alone.' }),
        read: Type.Boolean({ description: 'False: what had been written before could not be read.' }),
        damaged_bytes: Type.Integer({ description: 'Of its files, found when they were read.' }),
        reason: Type.Optional(Type.String({ description: 'The system’s code, such as ENOSPC.' })),
      },
      {
        description:
          'What is wrong with the disk of an instrumentation with persist-data; absent when nothing is.',
      },
    ),
  ),
  completeness: Type.Array(
    Type.Object({
      time: Integer,
      duration: Integer,
      expected: Integer,
      reporting: Integer,
      late: Integer,
      lost: Type.Number(),
    }),
    { description: 'The same by stretches of time in which it does not change.' },
  ),
  delay: Type.Optional(Type.Integer({ description: 'Milliseconds that the request waited for nodes.' })),
};
const SIZE = { nbuckets: Integer, width: Integer, height: Integer };

/** One object, or a list of them when ndatapoints is given. */
function points(properties: Record<string, TSchema>): TSchema {
  const one = Type.Object({ ...POINT, ...properties });
  return Type.Union([one, Type.Array(one)]);
}

const json = (description: string, properties: Record<string, TSchema>): Resource['answers'] => ({
  200: { description, schema: points(properties) },
});
const Reading = Type.Union([Type.Number(), Type.Null()]);
const Series = Type.Union([Reading, Type.Array(Reading)], {
  description: 'A number where there is one column, else a number for each; null: nothing was counted.',
});

export const VALUE_RESOURCES: readonly ValueResource[] = [
  {
    path: '',
    summary: 'Which values there are.',
    answers: { 200: { description: 'Names and addresses.', schema: NAMED_URIS } },
  },
  {
    path: '/raw',
    summary: 'The value: a number, numbers by key, a distribution, or distributions by key.',
    query: Type.Object({ ...INTERVAL, transformations: list('Names of transformations') }),
    answers: json('The value.', { value: Type.Unknown(), transformations: TRANSFORMED }),
  },
  {
    path: '/top',
    summary: 'A table: for each key how many events, what they took together, and percentiles.',
    query: Type.Object({ ...TOP, transformations: list('Names of transformations') }),
    answers: json('The largest keys, and all keys together.', {
      unit: Type.Optional(
        Type.String({ description: 'Of the figures other than count: ns, bytes, ms, percent.' }),
      ),
      sort: Type.String(),
      total: Figures,
      keys: Type.Array(Figures),
      omitted: Type.Integer({ description: 'How many keys there was no room for.' }),
      transformations: TRANSFORMED,
    }),
  },
  {
    path: '/top.csv',
    summary: 'The same as comma-separated values, with units in the names of the columns.',
    query: Type.Object(TOP),
    answers: { 200: { description: 'A line for each interval and key.', contentTypes: ['text/csv'] } },
  },
  {
    path: '/special',
    summary:
      'What is over-represented in a box (a time range × a range of values), ranked, with significance.',
    query: Type.Object({ ...SPECIAL, transformations: list('Names of transformations') }),
    answers: json('Keys by how over-represented they are in the box, against the rest of the stretch.', {
      unit: Type.Optional(Type.String({ description: 'Of ymin and ymax: ns, bytes, ms, percent.' })),
      box: Type.Object({
        start_time: Integer,
        end_time: Integer,
        ymin: Type.Optional(Type.Number()),
        ymax: Type.Optional(Type.Number({ description: 'Exclusive.' })),
      }),
      inside: Type.Number({ description: 'All keys: events in the box; of a level, how much at a time.' }),
      outside: Type.Number(),
      keys: Type.Array(SpecialKey),
      omitted: Type.Integer({ description: 'How many keys there was no room for.' }),
      test: Type.Optional(
        Type.Object(
          {
            statistic: Type.String(),
            correction: Type.String(),
            keys: Type.Integer({ description: 'How many were tested.' }),
            alpha: Type.Number(),
          },
          { description: 'Absent of levels and quantities such as bytes, which are no independent events.' },
        ),
      ),
      transformations: TRANSFORMED,
    }),
  },
  {
    path: '/heatmap',
    summary: 'Which heatmaps there are; of instrumentations with a numeric field.',
    answers: { 200: { description: 'Names and addresses.', schema: NAMED_URIS } },
  },
  {
    path: '/heatmap/image',
    summary: 'A heatmap in JSON; with Accept: image/png as a picture.',
    query: Type.Object({ ...HEATMAP, transformations: list('Names of transformations') }),
    answers: {
      200: {
        description: 'The picture, in base64, and what is in it.',
        schema: points({
          ...SIZE,
          promql: Type.Optional(Type.String({ description: 'The same picture for a dashboard.' })),
          ymin: Type.Number(),
          ymax: Type.Number(),
          present: Type.Array(Type.String()),
          legend: Type.Array(Type.Object({ key: Type.Optional(Type.String()), hue: Type.Number() }), {
            description: 'Layers from bottom to top; the one without a key is the rest.',
          }),
          percentiles: Type.Optional(
            Type.Unknown({ description: 'Lines over the picture, when asked for.' }),
          ),
          transformations: TRANSFORMED,
          image: Type.String(),
        }),
        contentTypes: ['application/json', 'image/png'],
      },
    },
  },
  {
    path: '/heatmap/image.png',
    summary: 'A heatmap as a picture.',
    query: Type.Object(HEATMAP),
    answers: { 200: { description: 'PNG.', contentTypes: ['image/png'] } },
  },
  {
    path: '/heatmap/details',
    summary: 'What stands behind a pixel.',
    query: Type.Object({
      ...HEATMAP,
      x: Type.Integer({ minimum: 0, description: 'Pixels from the left.' }),
      y: Type.Integer({ minimum: 0, description: 'Pixels from the top.' }),
      ymax: Type.Integer({ minimum: 1, description: 'As the picture has it.' }),
    }),
    answers: json('Time, range, and counts by key.', {
      ...SIZE,
      bucket_time: Integer,
      bucket_duration: Integer,
      bucket_ymin: Type.Number(),
      bucket_ymax: Type.Number(),
      present: Type.Unsafe<object>({ type: 'object' }),
      total: Type.Number(),
    }),
  },
  {
    path: '/heatmap/average',
    summary: 'The average of each column.',
    query: Type.Object(HEATMAP),
    answers: json('The series.', { ...SIZE, average: Series }),
  },
  {
    path: '/heatmap/percentile',
    summary: 'A percentile of each column.',
    query: Type.Object({
      ...HEATMAP,
      percentile: Type.Number({ minimum: 0, maximum: 1, description: '0.99 for the 99th.' }),
    }),
    answers: json('The series.', { ...SIZE, percentile: Series }),
  },
];
