import fc from 'fast-check';
import { evaluate, printPredicate, type Predicate } from '../../../../../common/model/predicate/predicate';
import { predicatesOf, textComparisons } from '../../../../../common/model/testing/random-predicate';
import { zoneFilter } from './zone-filter';

const ZONES = ['web', 'db', 'global', 'a"b'];
const isZone = (field: string): boolean => field === 'zonename';
const compare = (field: string, op: 'eq' | 'ne', constant: string): Predicate => ({
  kind: 'compare',
  op,
  field,
  constant,
});

const anyPredicate = predicatesOf(
  fc.oneof(
    textComparisons(['zonename'], fc.constantFrom(...ZONES)),
    textComparisons(['a', 'b'], fc.constantFrom('0', '1')),
  ),
  { maxDepth: 4, maxMembers: 4 },
);

test('cases and zones together say of every event what the predicate says', () => {
  fc.assert(
    fc.property(anyPredicate, (p) => {
      const filter = zoneFilter(p, isZone);
      if (filter === undefined) {
        expect(printPredicate(p)).not.toContain('zonename');
        return;
      }
      for (const zone of [...ZONES, 'unheard of']) {
        for (const [a, b] of [
          ['0', '0'],
          ['0', '1'],
          ['1', '0'],
          ['1', '1'],
        ] as const) {
          const event = (field: string): string | undefined => ({ zonename: zone, a, b })[field];
          const holding = filter.cases.reduce(
            (bits, one, i) => bits | (evaluate(one, event) ? 1n << BigInt(i) : 0n),
            0n,
          );
          expect((filter.allowed(zone) & holding) !== 0n).toBe(evaluate(p, event));
        }
      }
    }),
    { seed: 20111108, numRuns: 2000 },
  );
});

test('zones of a customer are one case, however many there are', () => {
  const zones = Array.from({ length: 100 }, (_, i) => compare('zonename', 'eq', `z${i}`));
  const asked = compare('a', 'eq', '1');
  const filter = zoneFilter({ kind: 'and', members: [{ kind: 'or', members: zones }, asked] }, isZone);
  expect(filter?.cases).toEqual([asked]);
  expect([filter?.allowed('z7'), filter?.allowed('z100')]).toEqual([1n, 0n]);
});

test('a predicate that no zone can satisfy counts nothing', () => {
  const p: Predicate = {
    kind: 'and',
    members: [compare('zonename', 'eq', 'x'), compare('zonename', 'eq', 'y')],
  };
  const filter = zoneFilter(p, isZone);
  expect([filter?.allowed('x'), filter?.allowed('y'), filter?.allowed('z')]).toEqual([0n, 0n, 0n]);
  expect(filter?.cases).toHaveLength(1);
});

test('more ways to decide than fit are refused with the limit', () => {
  const members = Array.from({ length: 65 }, (_, i): Predicate => ({
    kind: 'and',
    members: [compare('zonename', 'eq', `z${i}`), compare('a', 'eq', String(i))],
  }));
  expect(() => zoneFilter({ kind: 'or', members }, isZone)).toThrow('64 conditions');
});
