/*
 * Which instrumentations move so that the load is spread over aggregators, and two homes stand on two hosts. Pure. In: homes,
 * aggregators, and how much each has. Out: moves, a batch at a time: loads say little while some are under way.
 */
import type { Aggregator } from '../members';
import type { Home, Reconciliation } from './reconciliation';

/** An aggregator that came less long ago is not used yet: it may be flapping. */
const STEADY_MS = 5000;
/** Longer after it came nothing is moved to it any more: nothing moves in a fleet that stays as it is. */
const NEW_MS = 180_000;
/** Differences that are not worth a move. */
const LEAST = 2;
const LEAST_SHARE = 0.25;
const MOVES = 128;

interface Spread {
  readonly all: readonly Reconciliation[];
  /** Not drained. */
  readonly aggregators: readonly Aggregator[];
  readonly loads: ReadonlyMap<string, number>;
  readonly isOnline: (home: Home) => boolean;
  readonly isWhole: (one: Reconciliation, home: Home) => boolean;
  readonly now: number;
}

interface Move {
  readonly one: Reconciliation;
  readonly to: Aggregator;
}

export function movesOf(spread: Spread): readonly Move[] {
  const { all, isOnline, isWhole } = spread;
  if (all.some(({ homes, wanted }) => homes.filter(isOnline).length > wanted)) return [];
  const steady = all.filter(
    (one) => one.homes.length === one.wanted && one.homes.every((home) => isWhole(one, home)),
  );
  const apart = movesApart(steady, spread);
  return (apart.length > 0 ? apart : movesToNew(steady, spread)).slice(0, MOVES);
}

function movesApart(steady: readonly Reconciliation[], { aggregators, now }: Spread): Move[] {
  const ready = aggregators.filter(({ since }) => now - since >= STEADY_MS);
  return steady.flatMap((one) => {
    const hosts = hostsOf(one, aggregators);
    const to =
      one.wanted < 2 || hosts.length > 1 ? undefined : ready.find(({ host }) => !hosts.includes(host));
    return to === undefined ? [] : [{ one, to }];
  });
}

/** From the aggregator with the most to one that has just come. */
function movesToNew(steady: readonly Reconciliation[], { aggregators, loads, now }: Spread): Move[] {
  const load = ({ instance }: Aggregator): number => loads.get(instance) ?? 0;
  const [to] = aggregators
    .filter(({ since }) => now - since >= STEADY_MS && now - since < NEW_MS)
    .sort((a, b) => load(a) - load(b));
  const [from] = [...aggregators].sort((a, b) => load(b) - load(a));
  if (from === undefined || to === undefined) return [];
  const difference = load(from) - load(to);
  if (difference <= Math.max(LEAST, LEAST_SHARE * load(from))) return [];
  const others = aggregators.filter((one) => one !== from);
  const movable = steady.filter(
    (one) =>
      one.home(from.instance) !== undefined &&
      one.home(to.instance) === undefined &&
      // Two homes stay on two hosts.
      (!hostsOf(one, others).includes(to.host) || hostsOf(one, aggregators).length < one.wanted),
  );
  return movable.slice(0, Math.floor(difference / 2)).map((one) => ({ one, to }));
}

function hostsOf({ homes }: Reconciliation, aggregators: readonly Aggregator[]): string[] {
  const hosts = homes.map(
    ({ instance }) => aggregators.find((one) => one.instance === instance)?.host ?? instance,
  );
  return [...new Set(hosts)];
}
