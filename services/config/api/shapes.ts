/*
 * What the API answers, as schemas: the tests hold answers against them, and openapi.ts publishes them.
 */
import { Type } from '../../../common/model/schema';

const Text = Type.String();
const Integer = Type.Integer();
const NamedUris = Type.Array(Type.Object({ uri: Text, name: Text }));

export const ERROR = Type.Object({
  error: Type.Object({ code: Text, message: Text, field: Type.Optional(Text) }),
});

export const TRANSFORMATIONS = Type.Record(Text, Type.Object({ label: Text, fields: Type.Array(Text) }));

const NODE = Type.Object({
  node: Text,
  state: Type.Unsafe<string>({
    type: 'string',
    enum: ['enabling', 'enabled', 'failed', 'stopped', 'unsupported'],
  }),
  source: Type.Optional(Text),
  reason: Type.Optional(Text),
  log: Type.Optional(Text),
});

export const INSTRUMENTATION = Type.Object({
  module: Text,
  stat: Text,
  predicate: Type.Unsafe<object>({ type: 'object' }),
  decomposition: Type.Array(Text),
  'value-dimension': Type.Integer({ minimum: 1, maximum: 3 }),
  'value-arity': Type.Unsafe<string>({
    type: 'string',
    enum: ['scalar', 'discrete-decomposition', 'numeric-decomposition'],
  }),
  'value-scope': Type.Unsafe<string>({ type: 'string', enum: ['interval', 'point'] }),
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
  export: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'Ways out besides the API.' })),
  transformations: TRANSFORMATIONS,
  promql: Type.String({ description: 'The same in Prometheus’ API (/prometheus), as a heatmap or a line.' }),
  nsources: Integer,
  crtime: Type.Number({ description: 'Milliseconds since 1970.' }),
  id: Text,
  uri: Text,
  uris: NamedUris,
  state: Type.Object(
    { enabling: Integer, enabled: Integer, failed: Integer, stopped: Integer, unsupported: Integer },
    { description: 'How many online nodes are in which state.' },
  ),
  nodes: Type.Optional(
    Type.Array(NODE, { description: 'A page of nodes, those in trouble first; `state` counts all.' }),
  ),
});

export const INSTRUMENTATIONS = Type.Array(INSTRUMENTATION);

export const CATALOGUE = Type.Object({
  modules: Type.Record(Text, Type.Object({ label: Text })),
  fields: Type.Record(Text, Type.Object({ label: Text, type: Text })),
  types: Type.Record(
    Text,
    Type.Object({
      name: Text,
      arity: Text,
      unit: Text,
      abbr: Type.Optional(Text),
      base: Type.Optional(Integer),
      power: Type.Optional(Integer),
      minmax: Type.Optional(Integer),
    }),
  ),
  metrics: Type.Array(
    Type.Object({
      module: Text,
      stat: Text,
      label: Text,
      unit: Type.Optional(Text),
      type: Type.Optional(Text),
      interval: Text,
      question: Type.Optional(Text),
      synonyms: Type.Optional(Type.Array(Text)),
      misses: Type.Optional(Type.Array(Text)),
      forms: Type.Optional(Type.Record(Text, Type.Unsafe<object>({ type: 'object' }))),
      fields: Type.Array(Text),
    }),
  ),
  unavailable: Type.Array(
    Type.Object({
      module: Text,
      stat: Text,
      label: Text,
      question: Type.Optional(Text),
      synonyms: Type.Optional(Type.Array(Text)),
      reasons: Type.Array(Type.Object({ reason: Text, nodes: Integer })),
    }),
    { description: 'What exists and no node can observe, and why; operators only.' },
  ),
  transformations: TRANSFORMATIONS,
});

export const LEGACY_METRICS = Type.Record(
  Text,
  Type.Object({
    label: Text,
    stats: Type.Record(
      Text,
      Type.Object({
        label: Text,
        type: Text,
        fields: Type.Record(Text, Type.Object({ label: Text, type: Text })),
      }),
    ),
  }),
);

export const LEGACY_TYPES = Type.Record(Text, Text);

export const NAMED_URIS = NamedUris;

/** By transformation, then by key. */
export const TRANSFORMED = Type.Unsafe<object>({ type: 'object' });

export const STATUS = Type.Object(
  {
    service: Text,
    host: Text,
    started: Integer,
    uptime: Integer,
    connected: Type.Boolean(),
    online: Type.Object(
      { aggregators: Integer, instrumenters: Integer },
      { description: 'How many there are; the lists name the first of a large fleet.' },
    ),
    aggregators: Type.Array(
      Type.Object({ instance: Text, instrumentations: Integer }, { additionalProperties: true }),
    ),
    instrumenters: Type.Array(Type.Object({ host: Text, metrics: Integer }, { additionalProperties: true })),
    instrumentations: Type.Array(Type.Object({ fqid: Text }, { additionalProperties: true })),
    conflicts: Type.Array(Type.Object({ node: Text, nodes: Integer, problems: Type.Array(Text) })),
    upstreams: Type.Array(
      Type.Object({ address: Text, running: Integer, waiting: Integer, inRotation: Type.Boolean() }),
      { description: 'How busy the front door is with each aggregator, and whether that answers.' },
    ),
    counts: Type.Unsafe<object>({ type: 'object' }),
  },
  // For people: whatever else helps them.
  { additionalProperties: true },
);
