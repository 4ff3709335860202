/* Quantities: what people write, the raw number, and that the exact form parses back. */
import fc from 'fast-check';
import type { TypeName } from './field';
import { counted, singularOf, exactText, parseQuantity, shortText, spanText } from './unit';

test.each<[string, TypeName | undefined, number]>([
  ['10ms', 'time', 10_000_000],
  ['1.1ms', 'time', 1_100_000],
  ['2 h', 'time', 7.2e12],
  ['3µs', 'time', 3000],
  ['500ms', 'subsecond', 500],
  ['1M', 'size', 1_048_576],
  ['1.5KiB', 'size', 1536],
  ['50%', 'percent', 50],
  ['42', 'number', 42],
  ['1e3', undefined, 1000],
  ['5s', undefined, 5e9],
])('%s as %s is %d', (text, type, raw) => {
  expect(parseQuantity(text, type, 'x')).toBe(raw);
});

test.each<[string, TypeName, RegExp]>([
  ['10', 'time', /^$/],
  ['10mb', 'size', /write MiB/],
  ['10ms', 'size', /is a time, but a size such as 64KiB/],
  ['10ms', 'number', /a plain number/],
  ['ten', 'time', /not a number/],
  ['10xs', 'time', /there are ns/],
])('%s as %s: error %s', (text, type, message) => {
  const run = (): unknown => parseQuantity(text, type, 'latency');
  if (message.source === '^$') expect(run()).toBe(10);
  else expect(run).toThrow(message);
});

test('the exact form parses to the same number', () => {
  const types = fc.constantFrom<TypeName>('time', 'size', 'percent', 'subsecond', 'number');
  const numbers = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: 0, max: 10_000 }).map((n) => n * 1e6),
    fc.integer({ min: 0, max: 10_000 }).map((n) => n * 1024),
  );
  fc.assert(
    fc.property(numbers, types, (n, type) => {
      expect(parseQuantity(exactText(n, type), type, 'x')).toBe(n);
    }),
    { seed: 3, numRuns: 500 },
  );
  expect(exactText(10_000_000, 'time')).toBe('10ms');
  expect(exactText(65_536, 'size')).toBe('64KiB');
});

test.each<[number, TypeName | undefined, string]>([
  [0, 'time', '0s'],
  [1_230_000, 'time', '1.23ms'],
  [999_700, 'time', '1ms'],
  [12_345, undefined, '12.3k'],
  [65_536, 'size', '64KiB'],
  [37, 'percent', '37%'],
  [250, 'subsecond', '250ms'],
])('%d as %s is shown as %s', (value, type, text) => {
  expect(shortText(value, type)).toBe(text);
});

test.each([
  [400, '0.4s'],
  [12_000, '12s'],
  [125_000, '2m 5s'],
  [3_600_000, '1h'],
  [273_600_000, '3d 4h'],
])('%d ms is %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test.each([
  [1, 'operations', '1 operation'],
  [2, 'operations', '2 operations'],
  [0, 'queries', '0 queries'],
  [1, 'queries', '1 query'],
  [1, 'processes', '1 process'],
  [1, 'accepts', '1 accept'],
  [1, 'percent of 1 CPU', '1 percent of 1 CPU'],
  [1, '', '1'],
])('%d and %s are %s', (count, unit, text) => {
  expect(counted(count, unit)).toBe(text);
});

test('the units of metrics have a singular', () => {
  expect(['CPUs', 'syscalls', 'page faults', 'soft interrupts', 'bytes'].map(singularOf)).toEqual([
    ...['CPU', 'syscall', 'page fault', 'soft interrupt', 'byte'],
  ]);
});
