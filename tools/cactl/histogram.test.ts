/* Values as text, compared with what DTrace would print, and the laws of the rows they are put in. */
import fc from 'fast-check';
import { LOG_GRID } from '../../common/model/bucket';
import { fromCounts, toRanges, type RangeCount } from '../../common/model/distribution';
import { valueLines } from './histogram';
import { binaryBounds, linearBounds, logBounds, rowOf, toRows } from './rows';

const latency = { field: 'latency', type: 'time' as const };
const text = (...args: Parameters<typeof valueLines>): string => valueLines(...args).join('\n');
const ranges = (...pairs: [number, number][]): RangeCount[] =>
  toRanges(fromCounts(pairs.map(([value, n]) => [LOG_GRID.bucketOf(value), n])), LOG_GRID);

test('a distribution looks as DTrace prints it, with units', () => {
  const value = ranges([1_200_000, 10], [1_900_000, 2], [3_400_000, 1], [21_000_000, 7]);
  expect(text(value, { columns: 80, rows: 10, numeric: latency })).toBe(
    `         latency  ------------- Distribution ------------- count
             1ms |@@@@@@@@@@@@@@@@@@@@@@@@                 12
             2ms |@@                                       1
             5ms |                                         0
            10ms |                                         0
            20ms |@@@@@@@@@@@@@@                           7`,
  );
});

test('with room for more rows the same distribution is finer', () => {
  const value = ranges([1_200_000, 10], [1_900_000, 2], [3_400_000, 1]);
  expect(text(value, { columns: 60, rows: 20, numeric: latency })).toBe(
    `     latency  ----------- Distribution ----------- count
         1ms |@@@@@@@@@@@@@@@@@@@@@@@@@@@@         10
       1.5ms |@@@@@@                               2
         2ms |                                     0
       2.5ms |                                     0
         3ms |@@@                                  1`,
  );
});

test('keys share one scale, and the key with most events comes last', () => {
  const value = { sda: ranges([100, 5]), sdb: ranges([1000, 20]) };
  expect(text(value, { columns: 40, rows: 4, numeric: latency, discrete: 'disk' })).toBe(
    `
  sda
   latency  -- Distribution -- count
     100ns |@@@@@@@@@@@@@@@@@@ 5
     200ns |                   0
     500ns |                   0
       1us |                   0

  sdb
   latency  -- Distribution -- count
     100ns |                   0
     200ns |                   0
     500ns |                   0
       1us |@@@@@@@@@@@@@@@@@@ 20`,
  );
});

test('numbers by key are bars, the largest first; keys of strangers are made safe', () => {
  const value = { n1: 10, 'n2\x1b[2J': 40, n3: 0 };
  expect(text(value, { columns: 60, rows: 24, discrete: 'hostname' })).toBe(
    `hostname   count
n2\\x1b[2J     40  @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
n1            10  @@@@@@@@@@
n3             0`,
  );
});

test.each<[Parameters<typeof valueLines>[0], object, string]>([
  [248, { unit: 'syscalls' }, '248 syscalls'],
  [65_536, { type: 'size' }, '64KiB'],
  [{}, {}, '(nothing happened)'],
  [[], { numeric: latency }, '(nothing happened)'],
])('%j is %j', (value, options, expected) => {
  expect(text(value, { columns: 80, rows: 24, ...options })).toBe(expected);
});

test('percentages and offsets within a second have rows of equal size', () => {
  const value: RangeCount[] = [
    [[3, 3], 1],
    [[97, 97], 4],
  ];
  const lines = valueLines(value, {
    columns: 80,
    rows: 10,
    numeric: { field: 'utilization', type: 'percent' },
  });
  expect(lines.slice(1).map((line) => line.slice(0, 17).trim())).toEqual([
    '0%',
    '10%',
    '20%',
    '30%',
    '40%',
    '50%',
    '60%',
    '70%',
    '80%',
    '90%',
  ]);
});

test('rows are made of whole buckets: no count is split or lost, and there are never too many', () => {
  const value = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1e14, noNaN: true }), fc.integer({ min: 1, max: 1000 })),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(value, fc.integer({ min: 16, max: 100 }), (pairs, most) => {
      const found = ranges(...pairs);
      const [first] = found;
      const last = found.at(-1);
      const bounds = logBounds(first![0][0], last![0][0], most);
      expect(bounds.length).toBeLessThanOrEqual(most);
      const rows = toRows(found, bounds);
      expect(rows.reduce((sum, r) => sum + r.count, 0)).toBe(pairs.reduce((sum, [, n]) => sum + n, 0));
      // Every fine range lies within one row.
      for (const [[lo, hi]] of found) expect(rowOf(hi, bounds)).toBe(rowOf(lo, bounds));
    }),
    { seed: 6, numRuns: 300 },
  );
});

test('linear rows end where the values end', () => {
  expect(linearBounds(0, 990, 10, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i * 50));
  expect(linearBounds(0, 5, 1, 40)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('sizes are told in powers of two, and a block of 4096 bytes is in the row of 4KiB', () => {
  const size = { field: 'size', type: 'size' as const };
  const value = ranges([4096, 10], [65_536, 2], [1_048_576, 1], [4095, 1]);
  const lines = valueLines(value, { columns: 60, rows: 12, numeric: size });
  expect(lines.map((line) => line.trim().replace(/ *\|[@ ]*/, ' ')).slice(1)).toEqual([
    ...['4KiB 11', '8KiB 0', '16KiB 0', '32KiB 0', '64KiB 2', '128KiB 0', '256KiB 0', '512KiB 0', '1MiB 1'],
  ]);
});

test('rows of sizes hold every count, however few rows there are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 45 }), fc.integer({ min: 1, max: 9 })), {
        minLength: 1,
      }),
      fc.integer({ min: 2, max: 40 }),
      (pairs, most) => {
        const value = ranges(...pairs);
        const bounds = binaryBounds(value[0]![0][0], value.at(-1)![0][0], most);
        expect(bounds.length).toBeLessThanOrEqual(most);
        const sum = toRows(value, bounds).reduce((n, { count }) => n + count, 0);
        expect(sum).toBe(pairs.reduce((n, [, count]) => n + count, 0));
      },
    ),
    { seed: 20_261_130 },
  );
});
