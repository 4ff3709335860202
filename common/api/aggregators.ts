/*
 * Aggregators: /ca/admin/aggregators. For operators and tools.
 */
import { Type } from '../model/schema';
import { Integer, oneOf, Text, type Shape } from './shape';

export const AGGREGATOR = Type.Object({
  instance: Text,
  host: Type.Optional(Type.String({ description: 'Absent while it is not online.' })),
  state: oneOf(
    ['online', 'draining', 'drained', 'away'],
    'draining: what it has is being moved away; drained: it has nothing, and gets nothing; away: not online.',
  ),
  instrumentations: Type.Integer({ description: 'How many it has, or may come back with.' }),
});
export type AggregatorRow = Shape<typeof AGGREGATOR>;

export const AGGREGATORS = Type.Object({
  aggregators: Type.Array(AGGREGATOR),
  drained: Type.Array(Type.String({ description: 'Names that were drained: of aggregators, or of hosts.' })),
});
export type AggregatorsAnswer = Shape<typeof AGGREGATORS>;

export const AGGREGATOR_STATE_CHANGE = Type.Object({
  state: oneOf(['active', 'drained'], 'drained: it gets nothing new, and all that it has moves away.'),
});

export const DRAINED = Type.Object({
  aggregators: Type.Array(AGGREGATOR, { description: 'Those that have the name, or are on that host.' }),
  instrumentations: Integer,
});
export type DrainedAnswer = Shape<typeof DRAINED>;
