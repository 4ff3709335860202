import fc from 'fast-check';
import type { Expression } from './expression';
import { nameWords } from './name-words';

/** The value of the expression for these 16 bytes; only the operators that it uses are implemented. */
function valueOf(e: Expression, bytes: Buffer): bigint {
  const of = (part: Expression): bigint => valueOf(part, bytes);
  switch (e.kind) {
    case 'integer':
      return e.value;
    case 'word':
      return bytes.readBigUInt64LE(e.offset);
    case 'choose':
      return of(e.when) === 0n ? of(e.otherwise) : of(e.then);
    case 'compare':
      return of(e.left) === of(e.right) ? 1n : 0n;
    case 'arithmetic': {
      const [left, right] = [of(e.left), of(e.right)];
      const found = { '-': left - right, '&': left & right, '>>': left >> right }[e.op as '-' | '&' | '>>'];
      return BigInt.asUintN(64, found);
    }
    default:
      throw new TypeError(e.kind);
  }
}

function named(bytes: Buffer): Buffer {
  const words = Buffer.alloc(16);
  for (const [i, word] of nameWords('comm').entries()) words.writeBigUInt64LE(valueOf(word, bytes), 8 * i);
  return words;
}

/** The bytes up to the first zero, and zeros. */
function padded(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return Buffer.concat([bytes.subarray(0, end === -1 ? 16 : end)], 16);
}

test('what an older kernel leaves behind a name is no part of it', () => {
  expect(named(Buffer.from('perl\0er/0\0\0\0\0\0\0\0'))).toEqual(Buffer.from('perl\0\0\0\0\0\0\0\0\0\0\0\0'));
  expect(named(Buffer.from('seven77\x0001234567'))).toEqual(padded(Buffer.from('seven77\0\0\0\0\0\0\0\0\0')));
  expect(named(Buffer.from('eight888nine999\0'))).toEqual(Buffer.from('eight888nine999\0'));
});

test('any sixteen bytes end at their first zero', () => {
  const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xff), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (values) => {
      expect(named(Buffer.from(values))).toEqual(padded(Buffer.from(values)));
    }),
    { seed: 20111108, numRuns: 1000 },
  );
});
