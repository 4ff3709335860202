/* The bucket that the kernel computes and the one of common/model/bucket.ts are the same. Needs root. */
import { LOG_GRID } from '../../../../../../common/model/bucket';
import { gridOf } from '../../../../../../common/model/field';
import { Assembler, encode } from './assembler';
import { emitBucket } from './grid';
import { Kernel } from '../../kernel/kernel';
import { ARCHITECTURE, onRealKernel } from '../../testing/real-kernel';

onRealKernel('buckets', () => {
  test('the kernel’s own bucket is common/model/bucket.ts’s, at every bucket’s first and last value', () => {
    const kernel = new Kernel(ARCHITECTURE);
    for (const grid of [LOG_GRID, gridOf('percent'), gridOf('subsecond')]) {
      const asm = new Assembler(1000);
      asm.load(8, 0, 1, 0);
      emitBucket(asm, grid);
      asm.end();
      const program = kernel.load(
        'bucket',
        encode(asm.instructions, () => 0),
      );
      const args = Buffer.alloc(16);
      for (let bucket = 0; bucket < grid.size; bucket++) {
        for (const value of [grid.floorOf(bucket), grid.ceilOf(bucket)]) {
          args.writeBigUInt64LE(BigInt(value));
          expect([value, kernel.testRun(program, args)]).toEqual([value, bucket]);
        }
      }
      for (const value of [-1n, 1n << 63n, (1n << 63n) - 1n]) {
        args.writeBigUInt64LE(BigInt.asUintN(64, value));
        expect(kernel.testRun(program, args)).toBe(value === (1n << 63n) - 1n ? grid.size - 1 : 0);
      }
      kernel.close(program);
    }
  });
});
