import {
  formatCount,
  formatCounted,
  formatExact,
  formatInField,
  formatShare,
  formatValue,
  linearTicks,
} from './units.ts';

const TIME = { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9 } as const;
const SUBSECOND = { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -3 } as const;
const SIZE = { arity: 'numeric', unit: 'bytes', abbr: 'B', base: 2 } as const;
const PERCENT = { arity: 'numeric', unit: 'percent', abbr: '%', minmax: 100 } as const;
const NUMBER = { arity: 'numeric', unit: '' } as const;

test.each([
  [0, TIME, '0 s'],
  [1, TIME, '1 ns'],
  [1500, TIME, '1.5 µs'],
  [2_000_000, TIME, '2 ms'],
  [999_999_999, TIME, '1000 ms'],
  [7_200e9, TIME, '7200 s'],
  [250, SUBSECOND, '250 ms'],
  [1024, SIZE, '1 KiB'],
  [1023, SIZE, '1023 B'],
  [3 * 1024 ** 3, SIZE, '3 GiB'],
  [42, PERCENT, '42 %'],
  [1500, NUMBER, '1.5k'],
  [0, NUMBER, '0'],
  [7, undefined, '7'],
])('%d of its type reads %s', (value, type, text) => {
  expect(formatValue(value, type)).toBe(text);
});

test('a bucket bound is printed to the raw unit, not rounded', () => {
  expect(formatExact(1099, TIME)).toBe('1.099 µs');
  expect(formatExact(1_048_577, SIZE)).toBe('1.00000095367 MiB');
});

test('ticks of time stand on 1, 2 or 5 of the unit at the top of the axis', () => {
  expect(linearTicks(0, 1_200_000, 6, TIME).map((t) => t.label)).toEqual([
    '0',
    '0.2 ms',
    '0.4 ms',
    '0.6 ms',
    '0.8 ms',
    '1 ms',
    '1.2 ms',
  ]);
});

test('ticks of sizes stand on powers of two', () => {
  expect(linearTicks(0, 4 * 1024 ** 2, 4, SIZE).map((t) => t.label)).toEqual([
    '0',
    '1 MiB',
    '2 MiB',
    '3 MiB',
    '4 MiB',
  ]);
});

test('an axis without extent has no ticks', () => {
  expect(linearTicks(5, 5, 4, NUMBER)).toEqual([]);
});

test('a share that is small but there does not read as nothing', () => {
  expect(formatShare(1, 100_000)).toBe('<0.1 %');
  expect(formatShare(0, 100)).toBe('0 %');
  expect(formatShare(1, 0)).toBe('–');
  expect(formatShare(1, 3)).toBe('33 %');
});

test('an axis of counts has no half an event', () => {
  expect(linearTicks(0, 2, 8, undefined).map(({ label }) => label)).toEqual(['0', '1', '2']);
  expect(linearTicks(0, 1, 5, { arity: 'numeric', unit: '' }).length).toBeGreaterThan(2);
});

test('counts are whole, what is there does not vanish, and one is one', () => {
  expect([2.9, 0.2, 0, 1.4, 12_345.6].map((n) => formatCount(n))).toEqual(['3', '<1', '0', '1', '12,346']);
  expect([1, 2, 0].map((n) => formatCounted(n, 'operations'))).toEqual([
    '1 operation',
    '2 operations',
    '0 operations',
  ]);
});

test('the bucket of 100 % ends at 101 and reads 100 %; more than that is told as it is', () => {
  expect([99.4, 100, 100.7, 101, 250].map((n) => formatInField(n, PERCENT))).toEqual([
    ...['99.4 %', '100 %', '100 %', '100 %', '250 %'],
  ]);
  expect(formatInField(101, PERCENT, formatExact)).toBe('100 %');
  expect(formatInField(101, TIME)).toBe('101 ns');
});
