/*
 * Values over HTTP: parameters and answers of every value request (POINT), the raw value, and the table of keys.
 */
import { Type, type TProperties } from '../model/schema';
import type { PlainValue } from '../model/value';
import { LIMITS } from '../service/limits';
import { Integer, list, second, Text, whole, type Shape } from './shape';

/** Parameters of every value request. */
export const INTERVAL = {
  start_time: second('First second; rounded down to the granularity.'),
  end_time: second('Second after the last one.'),
  duration: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: `Seconds, rounded up to the granularity; at most ${LIMITS.valueSecondsMax} points. Default 1, of pictures 60.`,
    }),
  ),
  ndatapoints: whole(1, LIMITS.valuePointsMax, 'This many intervals in a row; then the answer is a list.'),
  timeout: whole(0, LIMITS.valueWaitMsMax, 'Milliseconds to wait for nodes that have not reported yet.'),
};

export const RAW_QUERY = Type.Object({ ...INTERVAL, transformations: list('Names of transformations') });

/** Consecutive slots that are equally complete. */
const COMPLETENESS = Type.Object({
  time: Integer,
  duration: Integer,
  expected: Integer,
  reporting: Integer,
  late: Integer,
  lost: Type.Number(),
});
export type CompletenessRun = Shape<typeof COMPLETENESS>;

const COST = Type.Object(
  {
    nodes: Type.Integer({ description: 'Nodes that have reported their cost.' }),
    runs_per_second: Type.Number({ description: 'Runs of programs: an event with two ends makes two.' }),
    ns_per_run: Type.Number(),
    percent_of_core: Type.Number({ description: 'Of one CPU, all nodes together.' }),
    memory_bytes: Type.Number({ description: 'Of the kernels, all nodes together.' }),
    worst: Type.Optional(
      Type.Object({ node: Text, percent_of_core: Type.Number() }, { description: 'Operators only.' }),
    ),
  },
  { description: 'What gathering it costs now, by the kernels’ own statistics; measured every 10 s.' },
);
export type Cost = Shape<typeof COST>;

const CLOCKS = Type.Object(
  {
    nodes: Type.Integer({ description: 'How many.' }),
    set: Type.Optional(Type.Integer({ description: 'How many of them were set within the last minute.' })),
    worst: Type.Object({
      node: Type.Optional(Type.String({ description: 'Operators only.' })),
      offset_ms: Type.Number({ description: 'How far its clock is ahead of the aggregator’s.' }),
      shifted_seconds: Type.Integer({ description: 'What is added to its seconds.' }),
    }),
  },
  {
    description:
      'Nodes whose clocks are off, and shifted into the aggregator’s, or were set within the last minute.',
  },
);
export type ShiftedClocks = Shape<typeof CLOCKS>;

const DISK = Type.Object(
  {
    written: Type.Boolean({ description: 'False: recent values are in memory alone.' }),
    read: Type.Boolean({ description: 'False: what had been written before could not be read.' }),
    damaged_bytes: Type.Integer({ description: 'Of its files, found when they were read.' }),
    reason: Type.Optional(
      // Not the error's text, which may contain paths.
      Type.String({ description: 'The system’s code, such as ENOSPC.' }),
    ),
  },
  {
    description:
      'What is wrong with the disk of an instrumentation with persist-data; absent when nothing is.',
  },
);
export type DiskTrouble = Shape<typeof DISK>;

/** Metadata of every value: its time, and how complete it is. */
const Described = {
  start_time: Integer,
  duration: Integer,
  end_time: Integer,
  requested_start_time: Integer,
  requested_duration: Integer,
  requested_end_time: Integer,
  nsources: Type.Integer({ description: 'Nodes that should have reported.' }),
  minreporting: Type.Integer({ description: 'Nodes that did, at the worst second.' }),
  lost: Type.Number({ description: 'Events known to have happened and not counted.' }),
  sources: Type.Optional(
    Type.Array(Text, {
      description: 'Ways of gathering that these values come from, such as bpf; empty: nobody has reported.',
    }),
  ),
  cost: Type.Optional(COST),
  clocks: Type.Optional(CLOCKS),
  disk: Type.Optional(DISK),
  completeness: Type.Array(COMPLETENESS, {
    description: 'The same by stretches of time in which it does not change.',
  }),
  delay: Type.Optional(Type.Integer({ description: 'Milliseconds that the request waited for nodes.' })),
};
const POINT = Type.Object(Described);
export type PointAnswer = Shape<typeof POINT>;

/** Properties of an answer besides those of POINT. */
export type Own<A extends PointAnswer> = Omit<A, keyof PointAnswer>;

/** A point with properties of its own. */
export function point<P extends TProperties>(properties: P) {
  return Type.Object({ ...Described, ...properties });
}

/** By transformation, then by key. */
export const TRANSFORMED = Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' });

export const RAW = point({ value: Type.Unsafe<PlainValue>({}), transformations: TRANSFORMED });
export type RawAnswer = Shape<typeof RAW>;

/** Bounds and defaults of the table of keys. */
export const TOP_LIMITS = { percentiles: 10, keys: 1000, keysUnasked: 20 };

export const TOP_QUERY = Type.Object({
  ...INTERVAL,
  percentiles: list(`Percentiles, 0 to 100; at most ${TOP_LIMITS.percentiles}; default 50, 95, 99`),
  sort: Type.Optional(
    Type.String({
      description:
        'The figure to rank by: count (default), sum, mean, min, max, p99; of levels last (default), mean, min, max.',
    }),
  ),
  limit: whole(1, TOP_LIMITS.keys, `Most keys; default ${TOP_LIMITS.keysUnasked}.`),
  transformations: list('Names of transformations'),
});

/** count, sum, mean, min, p50, …, max, last. */
const FIGURES = Type.Record(Text, Type.Number(), {
  description: 'By name: count, sum, mean, min, p50, …, max, last.',
});
export type FiguresAnswer = Shape<typeof FIGURES>;
/** The key and its figures in one object. */
const KEY_FIGURES = Type.Unsafe<{ readonly key: string; readonly [figure: string]: string | number }>({
  ...Type.Object({ key: Text }, { additionalProperties: Type.Number() }),
  description: 'key, and figures by name, as in total.',
});

export const TOP = point({
  unit: Type.Optional(
    Type.String({ description: 'Of the figures other than count: ns, bytes, ms, percent.' }),
  ),
  sort: Text,
  total: FIGURES,
  keys: Type.Array(KEY_FIGURES),
  omitted: Type.Integer({ description: 'How many keys there was no room for.' }),
  transformations: TRANSFORMED,
});
export type TopAnswer = Shape<typeof TOP>;
