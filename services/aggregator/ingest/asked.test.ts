import fc from 'fast-check';
import { Asked } from './asked';

test('at() returns the number of nodes asked at that second', () => {
  const asked = new Asked(100, 1);
  asked.change(110, 3);
  asked.change(120, 3);
  asked.change(130, 2);
  expect([99, 100, 109, 110, 129, 130, 999].map((second) => asked.at(second))).toEqual([0, 1, 1, 3, 3, 2, 2]);
  expect(asked.runs(90, 140)).toEqual([
    { from: 90, to: 100, nodes: 0 },
    { from: 100, to: 110, nodes: 1 },
    { from: 110, to: 130, nodes: 3 },
    { from: 130, to: 140, nodes: 2 },
  ]);
});

test('of several changes within a second the last applies, and a clock that goes back does not change the past', () => {
  const asked = new Asked(100, 1);
  asked.change(110, 5);
  asked.change(110, 2);
  asked.change(105, 7);
  expect([104, 109, 110].map((second) => asked.at(second))).toEqual([1, 1, 7]);
});

test('a fleet that keeps changing does not fill the memory, and the current number stays right', () => {
  const asked = new Asked(0, 1);
  for (let i = 1; i < 5000; i++) asked.change(i, i % 2);
  expect(asked.runs(0, 6000).length).toBeLessThanOrEqual(1000);
  expect([asked.at(-1), asked.at(4999)]).toEqual([0, 1]);
});

test('runs cover a time range without gaps, and agree with at()', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 5 })), { maxLength: 10 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 30 }),
      (changes, start, length) => {
        const asked = new Asked(5, 2);
        for (const [from, nodes] of changes) asked.change(from, nodes);
        const runs = asked.runs(start, start + length);
        const seconds = runs.flatMap(({ from, to, nodes }) => Array.from({ length: to - from }, () => nodes));
        expect(seconds).toEqual(Array.from({ length }, (_, i) => asked.at(start + i)));
      },
    ),
    { seed: 20_261_130 },
  );
});
