/*
 * Descriptions of value resources, which aggregators answer and this service proxies. In: nothing.
 * Out: one description a resource. Aggregators check the parameters themselves; the tests of the whole stack hold
 * their answers against this.
 */
import {
  AVERAGE,
  AVERAGE_QUERY,
  DETAILS,
  DETAILS_QUERY,
  IMAGE,
  IMAGE_QUERY,
  PERCENTILE,
  PERCENTILE_QUERY,
  PNG_QUERY,
} from '../../../common/api/heatmap';
import { NAMED_URIS } from '../../../common/api/instrumentation';
import { SPECIAL, SPECIAL_QUERY } from '../../../common/api/special';
import { RAW, RAW_QUERY, TOP, TOP_QUERY } from '../../../common/api/value';
import { Type, type TSchema } from '../../../common/model/schema';
import type { Resource } from './resource';

export type ValueResource = Pick<Resource, 'path' | 'summary' | 'query' | 'answers'>;

const json = (description: string, one: TSchema): Resource['answers'] => ({
  200: { description, schema: points(one) },
});

/** One object, or a list of them when ndatapoints is given. */
function points(one: TSchema): TSchema {
  return Type.Union([one, Type.Array(one)]);
}

export const VALUE_RESOURCES: readonly ValueResource[] = [
  {
    path: '',
    summary: 'Which values there are.',
    answers: { 200: { description: 'Names and addresses.', schema: NAMED_URIS } },
  },
  {
    path: '/raw',
    summary: 'The value: a number, numbers by key, a distribution, or distributions by key.',
    query: RAW_QUERY,
    answers: json('The value.', RAW),
  },
  {
    path: '/top',
    summary: 'A table: for each key how many events, what they took together, and percentiles.',
    query: TOP_QUERY,
    answers: json('The largest keys, and all keys together.', TOP),
  },
  {
    path: '/top.csv',
    summary: 'The same as comma-separated values, with units in the names of the columns.',
    query: TOP_QUERY,
    answers: { 200: { description: 'A line for each interval and key.', contentTypes: ['text/csv'] } },
  },
  {
    path: '/special',
    summary:
      'What is over-represented in a box (a time range × a range of values), ranked, with significance.',
    query: SPECIAL_QUERY,
    answers: json(
      'Keys by how over-represented they are in the box, against the rest of the stretch.',
      SPECIAL,
    ),
  },
  {
    path: '/heatmap',
    summary: 'Which heatmaps there are; of instrumentations with a numeric field.',
    answers: { 200: { description: 'Names and addresses.', schema: NAMED_URIS } },
  },
  {
    path: '/heatmap/image',
    summary: 'A heatmap in JSON; with Accept: image/png as a picture.',
    query: IMAGE_QUERY,
    answers: {
      200: {
        description: 'The picture, in base64, and what is in it.',
        schema: points(IMAGE),
        contentTypes: ['application/json', 'image/png'],
      },
    },
  },
  {
    path: '/heatmap/image.png',
    summary: 'A heatmap as a picture.',
    query: PNG_QUERY,
    answers: { 200: { description: 'PNG.', contentTypes: ['image/png'] } },
  },
  {
    path: '/heatmap/details',
    summary: 'What stands behind a pixel.',
    query: DETAILS_QUERY,
    answers: json('Time, range, and counts by key.', DETAILS),
  },
  {
    path: '/heatmap/average',
    summary: 'The average of each column.',
    query: AVERAGE_QUERY,
    answers: json('The series.', AVERAGE),
  },
  {
    path: '/heatmap/percentile',
    summary: 'A percentile of each column.',
    query: PERCENTILE_QUERY,
    answers: json('The series.', PERCENTILE),
  },
];
