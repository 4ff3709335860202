/*
 * Boards over HTTP: bodies of POST and PUT, and the answer. Whether nodes offer what panels ask for is checked when a
 * board is opened: boards outlive nodes.
 */
import { PANEL_SIZES } from '../model/board';
import type { PlainPredicate } from '../model/predicate/predicate';
import { Type } from '../model/schema';
import { LIMITS } from '../service/limits';
import { oneOf, Text, type Shape } from './shape';

/** Greatest number of panels: a screen holds no more, and each costs every node. */
const PANELS = 24;
const VARIABLES = 8;
const KEYS = 32;
const Word = Type.String({ pattern: '^\\w+$', maxLength: 64 });
/** One readable line: no control characters, no marks of text direction. */
const Line = (maxLength: number) =>
  Type.String({
    pattern: `^(?=.*\\S)[^\\p{Cc}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]+$`,
    maxLength,
  });

const LOOKS = {
  title: Type.Optional(Line(80)),
  size: Type.Optional(oneOf(PANEL_SIZES)),
  axis: Type.Optional(oneOf(['linear', 'log'])),
  coloring: Type.Optional(oneOf(['rank', 'linear', 'log'])),
  percentiles: Type.Optional(Type.Boolean()),
  stacked: Type.Optional(Type.Boolean()),
  mode: Type.Optional(oneOf(['highlight', 'isolate', 'exclude', 'all'])),
  keys: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: KEYS })),
};
const METRIC = { module: Word, stat: Word };
const QUESTION = {
  decomposition: Type.Array(Word, { maxItems: 2 }),
  predicate: Type.Unsafe<PlainPredicate>({ type: 'object' }),
  granularity: Type.Integer({ minimum: 1, maximum: LIMITS.granularitySecondsMax }),
};
const PANEL_BODY = Type.Object(
  { ...METRIC, ...Type.Partial(Type.Object(QUESTION)).properties, ...LOOKS },
  { additionalProperties: false },
);
const PANEL = Type.Object({ ...METRIC, ...QUESTION, ...LOOKS });

const VARIABLES_OF = Type.Array(
  Type.Object(
    { field: Word, value: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) },
    { additionalProperties: false },
  ),
  {
    maxItems: VARIABLES,
    description: 'Discrete fields that all panels can be narrowed by, with the values that are usual.',
  },
);

const PROPERTIES = {
  name: { ...Line(80), description: 'Unique within the scope.' },
  window: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 31_536_000, description: 'Seconds that all panels show.' }),
  ),
};

export const BOARD_BODY = Type.Object(
  {
    ...PROPERTIES,
    variables: Type.Optional(VARIABLES_OF),
    panels: Type.Array(PANEL_BODY, {
      maxItems: PANELS,
      description: 'In the order in which they are shown.',
    }),
    revision: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Of PUT: the one that was read; 409 if it has changed since.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const BOARD = Type.Object({
  id: Text,
  uri: Text,
  revision: Type.Integer({ description: 'Goes up with each change.' }),
  changed: Type.Number({ description: 'Milliseconds since 1970.' }),
  ...PROPERTIES,
  variables: VARIABLES_OF,
  panels: Type.Array(PANEL),
});

export const BOARDS = Type.Array(BOARD);

export type BoardAnswer = Shape<typeof BOARD>;
