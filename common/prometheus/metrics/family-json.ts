/* Families as JSON, from an aggregator to the front door, which writes the formats. In: families. Out: JSON, and back. */
import { checker, Type, type Static } from '../../model/schema';
import type { Family } from './family';

const HISTOGRAM = Type.Object({
  bounds: Type.Array(Type.Number()),
  cumulative: Type.Array(Type.Number()),
  count: Type.Number(),
  sum: Type.Optional(Type.Number()),
  native: Type.Optional(
    Type.Object({
      schema: Type.Integer(),
      zeroThreshold: Type.Number(),
      zeroCount: Type.Number(),
      buckets: Type.Array(Type.Tuple([Type.Integer(), Type.Number()])),
    }),
  ),
});
const METRIC = Type.Object({
  labels: Type.Array(Type.Tuple([Type.String(), Type.String()])),
  value: Type.Union([Type.Number(), HISTOGRAM]),
  created: Type.Optional(Type.Number()),
});
const FAMILY = Type.Object({
  name: Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$', maxLength: 256 }),
  type: Type.Union([Type.Literal('counter'), Type.Literal('gauge'), Type.Literal('histogram')]),
  help: Type.String(),
  unit: Type.String(),
  metrics: Type.Array(METRIC),
});
const FAMILIES = Type.Object({ families: Type.Array(FAMILY) });
const check = checker(FAMILIES, 'families');

export function toFamilyJson(families: readonly Family[]): Static<typeof FAMILIES> {
  return {
    families: families.map(({ metrics, ...family }) => ({
      ...family,
      // JSON has no Infinity and no NaN: omit such a value until the next scrape.
      metrics: metrics.flatMap(({ labels, value, created }) =>
        typeof value === 'number' && !Number.isFinite(value)
          ? []
          : [
              {
                labels: [...labels],
                value: typeof value === 'number' ? value : plain(value),
                ...(created === undefined ? {} : { created }),
              },
            ],
      ),
    })),
  };
}

function plain(value: Exclude<Family['metrics'][number]['value'], number>): Static<typeof HISTOGRAM> {
  const { bounds, cumulative, native, ...rest } = value;
  return {
    ...rest,
    bounds: [...bounds],
    cumulative: [...cumulative],
    ...(native === undefined
      ? {}
      : {
          native: {
            ...native,
            buckets: native.buckets.map(([index, count]): [number, number] => [index, count]),
          },
        }),
  };
}

/** Throws for anything that an aggregator does not send. */
export function fromFamilyJson(json: unknown): Family[] {
  return check(json).families.map(({ metrics, ...family }) => ({
    ...family,
    metrics: metrics.map(({ labels, ...metric }) => ({ ...metric, labels: new Map(labels) })),
  }));
}
