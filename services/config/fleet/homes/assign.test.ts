import { LIMITS } from '../../../../common/service/limits';
import { assign } from './assign';

const loads = new Map([
  ['a', 0],
  ['b', 5],
  ['full', LIMITS.instrumentationsPerAggregator],
]);
const loadOf = (name: string): number => loads.get(name) ?? 0;

test('every aggregator with room can be chosen, a full one never', () => {
  const chosen = [0, 0.49, 0.51, 0.999].map((x) => assign(['a', 'full', 'b'], loadOf, () => x));
  expect(chosen).toEqual(['a', 'a', 'b', 'b']);
});

test('no aggregator and only full ones are different errors', () => {
  expect(() => assign([], loadOf, () => 0)).toThrow('no aggregator is online');
  expect(() => assign(['full'], loadOf, () => 0)).toThrow('every aggregator has its');
});
