/*
 * From a value to its bucket, in instructions. In: a grid of common/model/bucket.ts. Out: code that turns r0 from one into
 * the other, equal to the grid's own bucketOf for every whole number (grid.test.ts runs both).
 *
 * A grid is a few stretches of buckets of equal width: the logarithmic one has 14 (0..99 in ones, 100..999 in tens, …).
 * A binary search finds the stretch; the division in it is a multiplication, as a 64-bit division costs up to 25 ns.
 */
import type { Grid } from '../../../../../../common/model/bucket';
import { fitsInline, type Assembler, type Label } from './assembler';

interface Stretch {
  /** First value and first bucket. */
  readonly floor: bigint;
  readonly bucket: bigint;
  readonly width: bigint;
  /** The first value after it. */
  readonly end: bigint;
}

const stretchesOfGrid = new WeakMap<Grid, readonly Stretch[]>();

/** r0 = bucket of r0. Uses r1. Values from 2^63 are negative times and go to the first bucket. */
export function emitBucket(asm: Assembler, grid: Grid): void {
  const stretches = stretchesOf(grid);
  const done = asm.label();
  const first = asm.label();
  const last = asm.label();
  const end = stretches.at(-1)?.end ?? 0n;
  asm.jump('s<', 0, 0, first);
  jumpIfAtLeast(asm, end, last);
  search(0, stretches.length);
  asm.place(first);
  asm.alu('=', 0, 0);
  asm.goto(done);
  asm.place(last);
  asm.alu('=', 0, grid.size - 1);
  asm.place(done);

  function search(from: number, to: number): void {
    const only = stretches[from];
    if (only === undefined) return;
    if (to - from === 1) {
      emitStretch(asm, only);
      asm.goto(done);
      return;
    }
    const middle = (from + to) >> 1;
    const upper = asm.label();
    jumpIfAtLeast(asm, stretches[middle]?.floor ?? 0n, upper);
    search(from, middle);
    asm.place(upper);
    search(middle, to);
  }
}

function jumpIfAtLeast(asm: Assembler, limit: bigint, to: Label): void {
  if (fitsInline(limit)) {
    asm.jump('>=', 0, Number(limit), to);
  } else {
    asm.number(1, limit);
    asm.jumpRegister('>=', 0, 1, to);
  }
}

function emitStretch(asm: Assembler, { floor, bucket, width, end }: Stretch): void {
  // Whole widths below the first value are left out after dividing, not before: one instruction less.
  const before = floor % width === 0n ? floor / width : undefined;
  if (before === undefined) subtract(floor);
  emitQuotient(asm, width, before === undefined ? end - floor : end);
  const shift = before === undefined ? bucket : bucket - before;
  if (shift !== 0n) asm.alu('+', 0, Number(shift));

  function subtract(amount: bigint): void {
    asm.number(1, amount);
    asm.aluRegister('-', 0, 1);
  }
}

/** r0 = r0 / width, for r0 below `end`. */
function emitQuotient(asm: Assembler, width: bigint, end: bigint): void {
  if (width === 1n) return;
  const reciprocal = reciprocalOf(width, end);
  if (reciprocal === undefined) {
    asm.number(1, width);
    asm.aluRegister('/', 0, 1);
    return;
  }
  if (fitsInline(reciprocal.factor)) {
    asm.alu('*', 0, Number(reciprocal.factor));
  } else {
    asm.number(1, reciprocal.factor);
    asm.aluRegister('*', 0, 1);
  }
  asm.alu('>>', 0, reciprocal.shift);
}

/**
 * factor and shift with (v * factor) >> shift == v / width for all v < end, without overflow of 64 bits; the
 * smallest such. After Granlund and Montgomery, "Division by invariant integers using multiplication" (1994):
 * with factor = ceil(2^shift / width) and error = factor * width - 2^shift, error * end <= 2^shift is enough.
 */
export function reciprocalOf(width: bigint, end: bigint): { factor: bigint; shift: number } | undefined {
  for (let shift = 1; shift < 64; shift++) {
    const power = 1n << BigInt(shift);
    const factor = (power + width - 1n) / width;
    if (factor * end >= 1n << 64n) return undefined;
    if ((factor * width - power) * end <= power) return { factor, shift };
  }
  return undefined;
}

/** The grid's buckets, neighbours of equal width taken together. */
function stretchesOf(grid: Grid): readonly Stretch[] {
  const known = stretchesOfGrid.get(grid);
  if (known !== undefined) return known;
  const stretches: Stretch[] = [];
  for (let bucket = 0; bucket < grid.size; bucket++) {
    const floor = BigInt(grid.floorOf(bucket));
    const end = BigInt(grid.ceilOf(bucket)) + 1n;
    const previous = stretches.at(-1);
    if (previous?.width === end - floor) stretches[stretches.length - 1] = { ...previous, end };
    else stretches.push({ floor, bucket: BigInt(bucket), width: end - floor, end });
  }
  stretchesOfGrid.set(grid, stretches);
  return stretches;
}
