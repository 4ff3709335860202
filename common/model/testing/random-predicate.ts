/*
 * For tests: random predicates. In: fast-check arbitraries of comparisons. Out: predicates of any form.
 */
import fc from 'fast-check';
import { COMPARISONS, type Comparison, type Constant, type Predicate } from '../predicate/predicate';

function comparisons(ops: readonly Comparison[]) {
  return (fields: readonly string[], constant: fc.Arbitrary<Constant>): fc.Arbitrary<Predicate> =>
    fc
      .record({ op: fc.constantFrom(...ops), field: fc.constantFrom(...fields), constant })
      .map((c): Predicate => ({ kind: 'compare', ...c }));
}

/** Comparisons of text: equality only. */
export const textComparisons = comparisons(['eq', 'ne']);
export const numberComparisons = comparisons(COMPARISONS);

/** These leaves, joined by `and` and `or`. */
export function predicatesOf(
  leaf: fc.Arbitrary<Predicate>,
  { maxDepth, minMembers = 2, maxMembers }: { maxDepth: number; minMembers?: number; maxMembers: number },
): fc.Arbitrary<Predicate> {
  return fc.letrec<{ predicate: Predicate }>((tie) => ({
    predicate: fc.oneof(
      { maxDepth, withCrossShrink: true },
      leaf,
      fc
        .record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          members: fc.array(tie('predicate'), { minLength: minMembers, maxLength: maxMembers }),
        })
        .map((p): Predicate => p),
    ),
  })).predicate;
}
