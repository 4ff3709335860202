/*
 * Filters by zonename, of which the kernel knows only numbers of cgroups. In: a predicate. Out: the same predicate once
 * for each way that a zone can decide it (a case), without the zone; and of each zone, whether an event for which these
 * cases hold is to be counted.
 *
 * The program computes which cases hold and asks a map (cgroup -> cases that its zone allows). Where the cgroup is not
 * in the map yet, the event is counted under its cgroup's number and its cases, and decided when the second is read: by
 * then the cgroup has a name. So nothing is missed that happens before user space has heard of a new container, and
 * nothing is shown whose zone nobody knows: it counts as lost.
 */
import type { Predicate } from '../../../../../common/model/predicate/predicate';
import { printPredicate } from '../../../../../common/model/predicate/predicate';

export interface ZoneFilter {
  /** What an event has to satisfy besides its zone; case i is bit i. At least one. */
  readonly cases: readonly Predicate[];
  /** The cases that decide for events of this zone: one bit, or none when none is ever counted. */
  allowed(zone: string): bigint;
}

/** A predicate, or what no event satisfies. */
type Decided = Predicate | { readonly kind: 'never' };

const NEVER: Decided = { kind: 'never' };
const ALWAYS: Decided = { kind: 'always' };
/** Bits of the word that holds the cases. */
const CASES_MAX = 64;

/**
 * Undefined when the predicate asks nothing of these fields. Throws a RangeError when zones decide it in more ways
 * than fit.
 */
export function zoneFilter(p: Predicate, isZone: (field: string) => boolean): ZoneFilter | undefined {
  const zones = new Set(constantsOf(p, isZone));
  if (zones.size === 0) return undefined;
  const cases: Predicate[] = [];
  const bits = new Map<string, bigint>();
  const bitOf = (decided: Decided): bigint => {
    if (decided.kind === 'never') return 0n;
    const text = printPredicate(decided);
    let bit = bits.get(text);
    if (bit === undefined) {
      if (cases.length === CASES_MAX) {
        throw new RangeError(`the question needs more than ${CASES_MAX} conditions, one for each zonename`);
      }
      bit = 1n << BigInt(cases.push(decided) - 1);
      bits.set(text, bit);
    }
    return bit;
  };
  const allowed = new Map([...zones].map((zone) => [zone, bitOf(within(p, isZone, zone))]));
  const otherwise = bitOf(within(p, isZone, undefined));
  // Decided without any zone being named: no event counts, ever.
  if (cases.length === 0) cases.push({ kind: 'or', members: [] });
  return { cases, allowed: (zone) => allowed.get(zone) ?? otherwise };
}

function constantsOf(p: Predicate, isZone: (field: string) => boolean): string[] {
  switch (p.kind) {
    case 'always':
      return [];
    case 'compare':
      return isZone(p.field) ? [String(p.constant)] : [];
    default:
      return p.members.flatMap((member) => constantsOf(member, isZone));
  }
}

/** The predicate for events of a zone; undefined: of one that it does not name. */
function within(p: Predicate, isZone: (field: string) => boolean, zone: string | undefined): Decided {
  switch (p.kind) {
    case 'always':
      return p;
    case 'compare':
      if (!isZone(p.field)) return p;
      // Zones have no order: less and more hold of none.
      return (p.op === 'eq' && p.constant === zone) || (p.op === 'ne' && p.constant !== zone)
        ? ALWAYS
        : NEVER;
    default:
      return junction(
        p.kind,
        p.members.map((member) => within(member, isZone, zone)),
      );
  }
}

function junction(kind: 'and' | 'or', members: readonly Decided[]): Decided {
  const [deciding, neutral] = kind === 'and' ? [NEVER, ALWAYS] : [ALWAYS, NEVER];
  const others: Predicate[] = [];
  for (const member of members) {
    if (member.kind === deciding.kind) return deciding;
    if (member.kind !== neutral.kind && member.kind !== 'never') others.push(member);
  }
  const [first] = others;
  if (first === undefined) return neutral;
  return others.length === 1 ? first : { kind, members: others };
}
