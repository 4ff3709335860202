import fc from 'fast-check';
import { fitting } from './fitting';

test('rows fit into the limit, none that fits is dropped, and omitted ones are counted', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name: fc.string({ unit: 'binary' }) })), fc.nat(400), (rows, bytes) => {
      const { rows: some, left } = fitting(rows, bytes);
      expect(some).toEqual(rows.slice(0, some.length));
      expect(some.length + left).toBe(rows.length);
      const size = (n: number): number =>
        rows.slice(0, n).reduce((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)) + 1, 0);
      expect(size(some.length)).toBeLessThanOrEqual(bytes);
      if (left > 0) expect(size(some.length + 1)).toBeGreaterThan(bytes);
    }),
    { seed: 7, numRuns: 300 },
  );
});
