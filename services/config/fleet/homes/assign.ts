/*
 * Which aggregator gets an instrumentation: a random one of those below their limit, on another host than its other homes
 * where there is one. Pure. In: live aggregators, how much each has, a source of random numbers. Out: one of them, or why none.
 * Random, not least loaded: after a restart all counts are equal and everything would go to the first.
 */
import { CaError } from '../../../../common/service/errors';
import { LIMITS } from '../../../../common/service/limits';

/** Throws NO_RESOURCE, with when to try again, if nobody is there or everybody is full. `random` yields 0 ≤ x < 1. */
export function assign<A>(
  aggregators: readonly A[],
  loadOf: (a: A) => number,
  random: () => number,
  isApart: (a: A) => boolean = () => true,
): A {
  const free = aggregators.filter((a) => loadOf(a) < LIMITS.instrumentationsPerAggregator);
  const apart = free.filter(isApart);
  const among = apart.length > 0 ? apart : free;
  const chosen = among[Math.floor(random() * among.length)];
  if (chosen !== undefined) return chosen;
  throw new CaError(
    'NO_RESOURCE',
    aggregators.length === 0
      ? 'no aggregator is online'
      : `every aggregator has its ${LIMITS.instrumentationsPerAggregator} instrumentations`,
    { retryAfter: aggregators.length === 0 ? 2 : 60 },
  );
}
