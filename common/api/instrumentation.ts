/*
 * Instrumentations over HTTP: bodies of POST, PUT and clone, and the answer.
 */
import { ExportSchema } from '../model/export-schema';
import type { PlainPredicate } from '../model/predicate/predicate-tree';
import { Type } from '../model/schema';
import { LIMITS } from '../service/limits';
import { TRANSFORMATIONS } from './catalogue';
import { Integer, oneOf, Text, type Shape } from './shape';

const RETENTION_SECONDS_MIN = 10;

const Changeable = {
  'retention-time': Type.Optional(
    Type.Integer({
      minimum: RETENTION_SECONDS_MIN,
      description: `Seconds of data to keep: at most ${LIMITS.retentionPoints} times the granularity.`,
    }),
  ),
  'idle-max': Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.idleSecondsMax,
      description: 'Seconds without a request after which it is deleted; 0 (operators only): never.',
    }),
  ),
  'persist-data': Type.Optional(Type.Boolean({ description: 'Keep data on disk over restarts.' })),
  replicas: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.replicas,
      description:
        'Number of aggregators that have its values, on different hosts where there are any: with 2, one may fail. Default 1.',
    }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: 'false: nodes stop gathering, data stays.' })),
  export: Type.Optional({
    ...ExportSchema,
    description:
      'Operators only: also in /metrics (prometheus), or to whoever values are pushed to (push); {} in either: as usual.',
  }),
};

/** What PUT takes. */
export const CHANGES = Type.Object(Changeable, { additionalProperties: false });
export type ChangesRequest = Shape<typeof CHANGES>;

const Optional = {
  predicate: Type.Optional(
    Type.Unsafe<object>({
      type: 'object',
      description: 'Which events count: {} or {"eq": ["execname", "mysqld"]}, combined with "and" and "or".',
    }),
  ),
  decomposition: Type.Optional(
    Type.Array(Type.String({ maxLength: 64 }), {
      maxItems: 64,
      description: 'At most one discrete and one numeric field.',
    }),
  ),
  granularity: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.granularitySecondsMax,
      description: 'Seconds of one data point: 1 or a multiple of 5.',
    }),
  ),
  ...Changeable,
};

const Word = Type.String({ pattern: '^\\w+$', maxLength: 64 });

/** What POST takes. */
export const QUESTION = Type.Object(
  { module: Word, stat: Word, ...Optional },
  { additionalProperties: false },
);
export type QuestionRequest = Shape<typeof QUESTION>;

/** As QUESTION; omitted properties are the original's. */
export const CLONE = Type.Object(
  { module: Type.Optional(Word), stat: Type.Optional(Word), ...Optional },
  { additionalProperties: false },
);
export type CloneRequest = Shape<typeof CLONE>;

export const LIST_QUERY = Type.Object({
  all: Type.Optional(Type.Boolean({ description: 'Operators only: also those of customers.' })),
});

export const NODES_QUERY = Type.Object({
  nodes: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: LIMITS.nodesShownMax,
      description: `Operators only: how many nodes to name, those in trouble first; default ${LIMITS.nodesShown}. \`state\` counts all.`,
    }),
  ),
  nodes_from: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Operators only: leave out as many of them: the next page.' }),
  ),
});

/** States of one instrumentation on one node. unsupported: no source of the node has the metric with these fields. */
const NODE_STATE_NAMES = ['enabling', 'enabled', 'failed', 'stopped', 'unsupported'] as const;
export type NodeStateName = (typeof NODE_STATE_NAMES)[number];

export const NODE_STATE = Type.Object({
  node: Text,
  state: oneOf(NODE_STATE_NAMES),
  source: Type.Optional(Text),
  reason: Type.Optional(Text),
  log: Type.Optional(Type.String({ description: 'The tracer’s or the verifier’s own words.' })),
});
export type NodeState = Shape<typeof NODE_STATE>;

export const STATE_COUNTS = Type.Object(
  { enabling: Integer, enabled: Integer, failed: Integer, stopped: Integer, unsupported: Integer },
  { description: 'How many online nodes are in which state.' },
);
export type StateCounts = Shape<typeof STATE_COUNTS>;

export const NAMED_URIS = Type.Array(Type.Object({ uri: Text, name: Text }));

export const INSTRUMENTATION = Type.Object({
  module: Text,
  stat: Text,
  predicate: Type.Unsafe<PlainPredicate>({ type: 'object' }),
  decomposition: Type.Array(Text),
  'value-dimension': Type.Integer({ minimum: 1, maximum: 3 }),
  'value-arity': oneOf(['scalar', 'discrete-decomposition', 'numeric-decomposition']),
  'value-scope': oneOf(['interval', 'point']),
  enabled: Type.Boolean(),
  'retention-time': Integer,
  'idle-max': Integer,
  'idle-left': Type.Optional(
    Type.Integer({
      description: 'Seconds until it is deleted because nobody asks for its values; absent: never.',
    }),
  ),
  granularity: Integer,
  'persist-data': Type.Boolean(),
  replicas: Type.Integer({ description: 'Number of aggregators that should have its values.' }),
  aggregators: Type.Optional(
    Type.Array(Text, {
      description:
        'Operators only: the aggregators that have its values, those that are asked first at the front.',
    }),
  ),
  export: Type.Optional({ ...ExportSchema, description: 'Ways out besides the API.' }),
  transformations: TRANSFORMATIONS,
  promql: Type.String({ description: 'The same in Prometheus’ API (/prometheus), as a heatmap or a line.' }),
  nsources: Integer,
  crtime: Type.Number({ description: 'Milliseconds since 1970.' }),
  id: Text,
  uri: Text,
  uris: NAMED_URIS,
  state: STATE_COUNTS,
  nodes: Type.Optional(
    Type.Array(NODE_STATE, { description: 'A page of nodes, those in trouble first; `state` counts all.' }),
  ),
});
export type InstrumentationAnswer = Shape<typeof INSTRUMENTATION>;

export const INSTRUMENTATIONS = Type.Array(INSTRUMENTATION);
