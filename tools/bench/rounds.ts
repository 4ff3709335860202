/*
 * Several rounds of the same measurements as one table. In: the results of each round. Out: of each figure its median round, with
 * the least and greatest of all; a target is missed only when every round misses it.
 */
import { holds, type Result } from './result';

export function combine(rounds: readonly (readonly Result[])[]): Result[] {
  const byId = new Map<string, Result[]>();
  for (const one of rounds.flat()) byId.set(one.id, [...(byId.get(one.id) ?? []), one]);
  // A part that failed as a whole in one round, and not in the others, has a row of its own.
  return [...byId.values()].flatMap(ofAll);
}

function ofAll(all: readonly Result[]): readonly Result[] {
  const measured = all.filter(({ reason }) => reason === undefined);
  const [first] = measured;
  if (first === undefined) return all.slice(0, 1);
  const figure = (r: Result): number => (first.targets[0]?.of === 'ratio' ? (r.ratio ?? NaN) : r.value);
  const sorted = [...measured].sort((a, b) => figure(a) - figure(b));
  const median = sorted[(sorted.length - 1) >> 1] ?? first;
  const ratios = measured.flatMap(({ ratio }) => ratio ?? []);
  const one: Result = {
    ...median,
    ok: first.targets.every((target) => measured.some((one) => holds(one, target))),
    farOff: measured.every(({ farOff }) => farOff),
    rounds: {
      count: measured.length,
      value: extremes(measured.map(({ value }) => value)),
      ratio: ratios.length === 0 ? null : extremes(ratios),
      medianOk: median.ok,
    },
  };
  return [one];
}

function extremes(figures: readonly number[]): readonly [number, number] {
  return [Math.min(...figures), Math.max(...figures)];
}
