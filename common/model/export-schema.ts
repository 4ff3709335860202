/* Schema of exports in requests (the type is Export in instrumentation.ts). */
import { Type } from './schema';

const BoundsSchema = Type.Object(
  {
    from: Type.Optional(
      Type.Number({ minimum: 1, description: 'First decade: a power of ten, in raw units.' }),
    ),
    to: Type.Optional(Type.Number({ minimum: 10, description: 'Where the last decade ends.' })),
    steps: Type.Optional(
      Type.Union([Type.Literal(9), Type.Literal(90)], {
        description: 'Bounds of each decade: 9, or 90 for every bucket.',
      }),
    ),
    keys: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Keys with a series of their own; the rest is "(other)".',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Where values go besides the API. */
export const ExportSchema = Type.Object(
  {
    prometheus: Type.Optional(BoundsSchema),
    push: Type.Optional(BoundsSchema),
  },
  { additionalProperties: false },
);
