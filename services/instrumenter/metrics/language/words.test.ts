import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { ADDRESSES, SHORT_NAMES } from './words';

const anyWords = fc.tuple(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const RUNS = { seed: 20111108, numRuns: 2000 };
/** Network order, as the kernel has it. */
const wordsOf = (hex: string): readonly [bigint, bigint] => [
  Buffer.from(hex, 'hex').readBigUInt64LE(0),
  Buffer.from(hex, 'hex').readBigUInt64LE(8),
];

test('an address prints as people write it, and what is printed leads back to it alone', () => {
  const known: readonly (readonly [string, string])[] = [
    ['00000000000000000000ffff7f000001', '127.0.0.1'],
    ['00000000000000000000ffffffffffff', '255.255.255.255'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000000000000000', '::'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
  ];
  for (const [hex, text] of known) {
    expect(ADDRESSES.nameOf(wordsOf(hex)[0], wordsOf(hex)[1])).toBe(text);
    expect(ADDRESSES.valuesOf(text)).toEqual([wordsOf(hex)]);
  }
});

test('every address leads back to itself', () => {
  fc.assert(
    fc.property(fc.oneof(anyWords, fc.tuple(fc.constant(0n), fc.bigInt({ min: 0n, max: 99n }))), (words) => {
      const text = ADDRESSES.nameOf(words[0], words[1]);
      expect(text.includes('.') || isIPv6(text)).toBe(true);
      expect(ADDRESSES.valuesOf(text)).toEqual([words]);
    }),
    RUNS,
  );
});

test('what no address prints as is nobody’s address', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '::0',
    '2001:DB8::1',
    '1::2::3',
    ':::',
    'x',
    '1:2:3:4:5:6:7:8:9',
  ])
    expect(ADDRESSES.valuesOf(text)).toEqual([]);
});

test('names of processes lead back to their bytes; what is too long is nobody’s name', () => {
  for (const text of ['', 'a', 'exactly-15-byte', 'größe', '\\xff']) {
    const [first, second] = SHORT_NAMES.valuesOf(text)[0]!;
    expect(SHORT_NAMES.nameOf(first, second)).toBe(text);
  }
  for (const text of ['sixteen-bytes-xx', '\\x41']) expect(SHORT_NAMES.valuesOf(text)).toEqual([]);
});
