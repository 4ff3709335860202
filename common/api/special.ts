/* What is special in a box of a picture, over HTTP: the box within its time range, and keys by how over-represented they are. */
import { Type } from '../model/schema';
import { Integer, list, second, Text, whole, type Shape } from './shape';
import { INTERVAL, point, TRANSFORMED } from './value';

export const SPECIAL_LIMITS = { keys: 1000, keysUnasked: 20 };

export const SPECIAL_QUERY = Type.Object({
  start_time: INTERVAL.start_time,
  end_time: INTERVAL.end_time,
  duration: INTERVAL.duration,
  timeout: INTERVAL.timeout,
  box_start: second('First second of the box; default: that of the stretch, which it must be within.'),
  box_end: second('Second after its last one.'),
  box_ymin: second('Lowest value of the box, in raw units; default 0.'),
  box_ymax: second('Where its values end; default: no end.'),
  limit: whole(1, SPECIAL_LIMITS.keys, `Most keys; default ${SPECIAL_LIMITS.keysUnasked}.`),
  transformations: list('Names of transformations'),
});

const Share = Type.Number({ minimum: 0, maximum: 1 });
const SPECIAL_KEY = Type.Object({
  key: Text,
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
export type SpecialKey = Shape<typeof SPECIAL_KEY>;

export const SPECIAL = point({
  unit: Type.Optional(Type.String({ description: 'Of ymin and ymax: ns, bytes, ms, percent.' })),
  box: Type.Object({
    start_time: Integer,
    end_time: Integer,
    ymin: Type.Optional(Type.Number()),
    ymax: Type.Optional(Type.Number({ description: 'Exclusive.' })),
  }),
  inside: Type.Number({ description: 'All keys: events in the box; of a level, how much at a time.' }),
  outside: Type.Number(),
  keys: Type.Array(SPECIAL_KEY),
  omitted: Type.Integer({ description: 'How many keys there was no room for.' }),
  test: Type.Optional(
    Type.Object(
      {
        statistic: Text,
        correction: Text,
        keys: Type.Integer({ description: 'How many were tested.' }),
        alpha: Type.Number(),
      },
      { description: 'Absent of levels and quantities such as bytes, which are no independent events.' },
    ),
  ),
  transformations: TRANSFORMED,
});
export type SpecialAnswer = Shape<typeof SPECIAL>;
