/*
 * What can be measured here and now: GET /ca and its parts.
 */
import { TYPE_NAMES } from '../model/field';
import { Type } from '../model/schema';
import type { TextForm } from '../model/metric';
import { Integer, oneOf, Text, type Shape } from './shape';

export const CATALOGUE_QUERY = Type.Object({
  profile: Type.Optional(
    oneOf(
      ['operator', 'customer', 'none'],
      'Operators only: the view of another profile; none: all that nodes offer.',
    ),
  ),
  search: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        'Only metrics that have these words in their name, synonyms, question or fields; best first.',
    }),
  ),
});

export const TRANSFORMATIONS = Type.Record(Text, Type.Object({ label: Text, fields: Type.Array(Text) }));
export type Transformations = Shape<typeof TRANSFORMATIONS>;

const TypeName = oneOf(TYPE_NAMES);

/** How values of a type are shown. */
const TYPE = Type.Object({
  name: Text,
  arity: oneOf(['discrete', 'numeric']),
  unit: Text,
  abbr: Type.Optional(Text),
  base: Type.Optional(Integer),
  power: Type.Optional(Type.Integer({ description: 'One raw unit is base^power units.' })),
  minmax: Type.Optional(Integer),
});
export type TypeInfo = Shape<typeof TYPE>;

const WORDS = {
  module: Text,
  stat: Text,
  label: Text,
  question: Type.Optional(Text),
  synonyms: Type.Optional(Type.Array(Text)),
};

const METRIC = Type.Object({
  ...WORDS,
  unit: Type.Optional(Text),
  type: Type.Optional(TypeName),
  interval: oneOf(['interval', 'point']),
  misses: Type.Optional(Type.Array(Text)),
  sources: Type.Optional(
    Type.Array(Text, { description: 'Ways of gathering that nodes here have for it, such as bpf.' }),
  ),
  forms: Type.Optional(Type.Record(Text, Type.Unsafe<TextForm>({ type: 'object' }))),
  fields: Type.Array(Text),
});
export type MetricInfo = Shape<typeof METRIC>;

const UNAVAILABLE = Type.Object({
  ...WORDS,
  reasons: Type.Array(Type.Object({ reason: Text, nodes: Integer })),
});
export type UnavailableMetric = Shape<typeof UNAVAILABLE>;

export const CATALOGUE = Type.Object({
  modules: Type.Record(Text, Type.Object({ label: Text })),
  fields: Type.Record(Text, Type.Object({ label: Text, type: TypeName })),
  types: Type.Record(Text, TYPE),
  metrics: Type.Array(METRIC),
  unavailable: Type.Array(UNAVAILABLE, {
    description: 'What exists and no node can observe, and why; operators only.',
  }),
  transformations: TRANSFORMATIONS,
});
export type CatalogueAnswer = Shape<typeof CATALOGUE>;

/** The same in the form of the first API version. */
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
export type LegacyMetrics = Shape<typeof LEGACY_METRICS>;

export const LEGACY_TYPES = Type.Record(Text, Text);
