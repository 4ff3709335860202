import fc from 'fast-check';
import { bytesFromName, nameFromBytes } from './name';

fc.configureGlobal({ seed: 20_260_123 });

const name = fc.oneof(
  fc.uint8Array({ min: 1, minLength: 0, maxLength: 32 }),
  // Names made of what looks like our own escapes.
  fc
    .array(fc.constantFrom('\\', 'x', '5c', 'ff', '\xff', 'é', '\n', '"', ','), { maxLength: 12 })
    .map((parts) =>
      Buffer.concat(parts.map((part) => (part === '\xff' ? Buffer.from([0xff]) : Buffer.from(part)))),
    ),
);

test('every name comes back as exactly the bytes it was', () => {
  fc.assert(
    fc.property(name, (bytes) => {
      expect(bytesFromName(nameFromBytes(bytes)).equals(Buffer.from(bytes))).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test('two names never have the same text', () => {
  expect(nameFromBytes(Buffer.from('\\xff'))).not.toBe(nameFromBytes(Buffer.from([0xff])));
});

test('valid UTF-8 names stay as they are, odd characters included', () => {
  for (const text of ['mysqld', 'a,b "c" \\ d', 'größe', 'x\ny', '日本']) {
    expect(nameFromBytes(Buffer.from(text))).toBe(text);
  }
});

test('bytes that are not UTF-8 are shown as escapes and survive JSON', () => {
  const text = nameFromBytes(Buffer.from([0x61, 0xff, 0xfe, 0x62]));
  expect(text).toBe('a\\xff\\xfeb');
  expect(JSON.parse(JSON.stringify(text))).toBe(text);
});

test('a NUL ends the name, as in the kernel', () => {
  expect(nameFromBytes(Buffer.from('sh\0garbage'))).toBe('sh');
});
