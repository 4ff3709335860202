/*
 * Random questions: any offered metric, any breakdown, any predicate. In: offers. Out: instrumentations,
 * to be loaded into a kernel.
 */
import fc from 'fast-check';
import { isNumeric as isNumericType } from '../../../../../common/model/field';
import type { Instrumentation } from '../../../../../common/model/instrumentation';
import { ALWAYS, type Predicate } from '../../../../../common/model/predicate/predicate';
import {
  numberComparisons,
  predicatesOf,
  textComparisons,
} from '../../../../../common/model/testing/random-predicate';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import type { Offer } from '../../source';
import { HOST, instrumentation, isLookedUp } from './real-kernel';

const isNumeric = (field: string): boolean => isNumericType(FIELDS[field as FieldName].type);

export function randomQuestions(offers: readonly Offer[]): fc.Arbitrary<Instrumentation> {
  const available = offers.flatMap((offer) => ('fields' in offer ? [offer] : []));
  return fc.constantFrom(...available).chain(({ metric, fields }) => {
    const discrete = fields.filter((field) => !isNumeric(field));
    const numeric = fields.filter(isNumeric);
    const filtered = discrete.filter((field) => !isLookedUp(metric, field));
    return fc
      .tuple(
        fc.option(fc.constantFrom(...discrete)),
        numeric.length === 0 ? fc.constant(null) : fc.option(fc.constantFrom(...numeric)),
        predicateOver(filtered, numeric),
      )
      .map(([one, other, predicate]) =>
        instrumentation(
          metric,
          [one, other].filter((field) => field !== null),
          predicate,
        ),
      );
  });
}

/** Predicates of any form over these fields. */
function predicateOver(discrete: readonly string[], numeric: readonly string[]): fc.Arbitrary<Predicate> {
  const texts = textComparisons(
    discrete,
    fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('read', 'none', '1', HOST, 'sleeping')),
  );
  const numbers = fc.oneof(fc.double({ noNaN: true, min: -10, max: 1e15 }), fc.maxSafeInteger());
  const leaf = numeric.length === 0 ? texts : fc.oneof(texts, numberComparisons(numeric, numbers));
  return fc.oneof(fc.constant(ALWAYS), predicatesOf(leaf, { maxDepth: 5, maxMembers: 6 }));
}
