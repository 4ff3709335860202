/*
 * Prometheus' API and /metrics, described: what openapi.ts publishes and tests hold answers against. In: nothing.
 * Out: schemas of parameters and answers. Next: read-api.ts and metrics.ts, which answer.
 */
import { Type, type TSchema } from '../../../common/model/schema';
import { PROMQL_LIMITS } from '../../../common/prometheus/promql/limits';
import type { Answer, Resource } from '../api/resource';
import { ERROR } from '../../../common/api/error';

const Text = Type.String();
const text = (description: string): TSchema => Type.Optional(Type.String({ description }));
const MOMENT = 'seconds since 1970, or a time such as 2026-11-30T19:00:00Z';

const QUERY = Type.String({
  maxLength: PROMQL_LIMITS.queryLength,
  description: 'PromQL, as far as it is understood; what is not is refused by name.',
});
const TIMEOUT = text(`Longest evaluation, such as 5s; at most ${PROMQL_LIMITS.ms} ms.`);
const LIMIT = Type.Optional(Type.Integer({ minimum: 0, description: 'Most entries; 0: all.' }));
const MATCH = Type.Array(Text, {
  maxItems: PROMQL_LIMITS.matches,
  description: 'Selectors; what any of them selects.',
});
const SPAN = {
  start: text(`First moment: ${MOMENT}.`),
  end: text(`Last moment: ${MOMENT}.`),
};
const FILTER = { 'match[]': Type.Optional(MATCH), ...SPAN, limit: LIMIT };

export const PARAMETERS = {
  query: Type.Object({ query: QUERY, time: text(`Default: now; ${MOMENT}.`), timeout: TIMEOUT }),
  range: Type.Object({
    query: QUERY,
    start: Type.String({ description: `First moment: ${MOMENT}.` }),
    end: Type.String({ description: `Last moment: ${MOMENT}.` }),
    step: Type.String({
      description: `Span between moments, such as 15 or 1m30s; at most ${PROMQL_LIMITS.points} moments.`,
    }),
    timeout: TIMEOUT,
  }),
  filter: Type.Object(FILTER),
  series: Type.Object({ ...FILTER, 'match[]': MATCH }),
  metadata: Type.Object({ metric: text('This metric alone.'), limit: LIMIT }),
} as const;

const VALUES = Type.Array(Type.Unsafe<unknown>({}), {
  description: 'Moment in seconds, and a number as text or a native histogram.',
});
const RESULT = Type.Unsafe<unknown>({
  type: 'object',
  properties: {
    resultType: { type: 'string', enum: ['matrix', 'vector', 'scalar'] },
    result: {
      type: 'array',
      description: 'Series; of a scalar its moment and number.',
      items: Type.Union([
        Type.Object({
          metric: Type.Record(Text, Text),
          value: Type.Optional(VALUES),
          values: Type.Optional(Type.Array(VALUES)),
          histogram: Type.Optional(VALUES),
          histograms: Type.Optional(Type.Array(VALUES)),
        }),
        Type.Number(),
        Text,
      ]),
    },
  },
  required: ['resultType', 'result'],
});

const list = (items: TSchema): TSchema => Type.Array(items);
const DATA = {
  result: RESULT,
  texts: list(Text),
  labelSets: list(Type.Record(Text, Text)),
  metadata: Type.Record(Text, list(Type.Object({ type: Text, help: Text, unit: Text }))),
  build: Type.Record(Text, Text),
  groups: Type.Object({ groups: list(Type.Object({})) }),
  alerts: Type.Object({ alerts: list(Type.Object({})) }),
  nothing: list(Type.Object({})),
} as const;

const REFUSED = Type.Union([
  Type.Object({
    status: Type.Unsafe<'error'>({ type: 'string', enum: ['error'] }),
    errorType: Text,
    error: Text,
  }),
  ERROR,
]);

function answersOf(data: TSchema): Resource['answers'] {
  const schema = Type.Object({
    status: Type.Unsafe<'success'>({ type: 'string', enum: ['success'] }),
    data,
    warnings: Type.Optional(Type.Array(Text, { description: 'What is missing.' })),
    infos: Type.Optional(Type.Array(Text)),
  });
  const refused = (description: string): Answer => ({ description, schema: REFUSED });
  return {
    200: { description: 'As Prometheus answers.', schema },
    400: refused('A parameter is wrong, or the query asks for what is not supported, or for too much.'),
    503: refused('It cannot be answered now, or not within the timeout.'),
  };
}

export const ANSWERS = {
  result: answersOf(DATA.result),
  texts: answersOf(DATA.texts),
  labelSets: answersOf(DATA.labelSets),
  metadata: answersOf(DATA.metadata),
  build: answersOf(DATA.build),
  groups: answersOf(DATA.groups),
  alerts: answersOf(DATA.alerts),
  nothing: answersOf(DATA.nothing),
} as const;
