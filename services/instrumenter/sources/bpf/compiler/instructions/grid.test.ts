import fc from 'fast-check';
import { linearGrid, LOG_GRID, LOG_LIMIT, type Grid } from '../../../../../../common/model/bucket';
import { gridOf } from '../../../../../../common/model/field';
import { Assembler, type Instruction } from './assembler';
import { emitBucket, reciprocalOf } from './grid';
import { BpfMachine } from '../../testing/machine';

const GRIDS: Record<string, Grid> = {
  log: LOG_GRID,
  percent: gridOf('percent'),
  subsecond: gridOf('subsecond'),
  odd: linearGrid(7, 13),
};

/** A program that returns the bucket of its first argument. */
function program(grid: Grid): readonly Instruction[] {
  const asm = new Assembler(1000);
  asm.load(8, 0, 1, 0);
  emitBucket(asm, grid);
  asm.end();
  return asm.instructions;
}

const machine = new BpfMachine([], {
  now: 0n,
  cpu: 0,
  process: 1,
  thread: 1,
  comm: '',
  task: 0n,
  memory: new Map(),
});

describe.each(Object.entries(GRIDS))('the %s grid in instructions', (_name, grid) => {
  const code = program(grid);
  const bucketOf = (value: number): number => Number(machine.run(code, [BigInt(value)]));

  test('puts the first and the last value of every bucket, and its neighbours, where common/model/bucket.ts does', () => {
    for (let bucket = 0; bucket < grid.size; bucket++) {
      const [floor, ceil] = [grid.floorOf(bucket), grid.ceilOf(bucket)];
      for (const value of [floor - 1, floor, floor + 1, ceil - 1, ceil, ceil + 1]) {
        if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
          expect([value, bucketOf(value)]).toEqual([value, grid.bucketOf(value)]);
        }
      }
    }
  });

  test('agrees with common/model/bucket.ts about any number', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat({ max: 1_000_000 }),
          fc.maxSafeNat(),
          fc.tuple(fc.nat({ max: 52 }), fc.nat({ max: 3 })).map(([e, d]) => Math.max(0, 2 ** e + d - 1)),
        ),
        (value) => bucketOf(value) === grid.bucketOf(value),
      ),
      { seed: 20111108, numRuns: 3000 },
    );
  });

  test('puts what is beyond it into its last bucket, and negative times into the first', () => {
    expect(Number(machine.run(code, [(1n << 63n) - 1n]))).toBe(grid.size - 1);
    expect(Number(machine.run(code, [-1n]))).toBe(0);
    expect(Number(machine.run(code, [1n << 63n]))).toBe(0);
  });
});

test('the last bucket of the log grid begins to take everything at its limit', () => {
  const code = program(LOG_GRID);
  for (const value of [LOG_LIMIT - 1, LOG_LIMIT, LOG_LIMIT + 1, LOG_LIMIT * 9]) {
    expect(Number(machine.run(code, [BigInt(value)]))).toBe(LOG_GRID.bucketOf(value));
  }
});

test('multiplying by a reciprocal is dividing, for every value at and beside a multiple', () => {
  for (const [width, end] of [
    [10n, 1000n],
    [100n, 10_000n],
    [1_000n, 100_000n],
    [10_000_000n, 1_000_000_000n],
    [7n, 91n],
    [3n, 1n << 30n],
  ] as const) {
    const reciprocal = reciprocalOf(width, end);
    expect(reciprocal).toBeDefined();
    const { factor, shift } = reciprocal!;
    expect(factor * (end - 1n)).toBeLessThan(1n << 64n);
    const step = end / width / 5000n + 1n;
    for (let q = 0n; q * width < end; q += step) {
      for (const v of [q * width, q * width + width - 1n]) {
        if (v < end) expect((v * factor) >> BigInt(shift)).toBe(v / width);
      }
    }
  }
});

test('there is no reciprocal where it would overflow', () => {
  expect(reciprocalOf(10n ** 13n, 10n ** 15n)).toBeUndefined();
});
