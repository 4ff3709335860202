/*
 * A predicate as typed. In: its text, the types of fields, and the known names. Out: the predicate, or
 * a PredicateTextError that points at the column and says which field was probably meant.
 */
import type { Predicate } from '../../common/model/predicate/predicate';
import { parsePredicateText, PredicateTextError } from '../../common/model/predicate/predicate-text';
import { nearest } from '../../common/model/nearest';

type TypeOf = Parameters<typeof parsePredicateText>[1];

export function readPredicate(text: string, typeOf: TypeOf, names: readonly string[]): Predicate {
  let unknown: string | undefined;
  try {
    return parsePredicateText(text, (field) => {
      const type = typeOf(field);
      if (type === undefined) unknown = field;
      return type;
    });
  } catch (error) {
    if (unknown === undefined || !(error instanceof PredicateTextError)) throw error;
    const near = nearest(unknown, names);
    const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`;
    throw new PredicateTextError(`there is no field ${unknown}; ${hint}`, error.column, error.text);
  }
}
