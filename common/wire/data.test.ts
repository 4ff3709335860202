import * as fc from 'fast-check';
import { decodeData, encodeData, DATA_VERSION, type DataMessage, type Report } from './data';
import { CaError } from '../service/errors';
import { LIMITS } from '../service/limits';
import { SOURCE_NAMES } from '../model/source-name';
import type { Value } from '../model/value';

const SEED = { seed: 20110317, verbose: true };

const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
/** Any finite number, whole or not; they take the wide form. */
const odd = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(-0), fc.integer());
const regular = fc
  .uniqueArray(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 100_000 })), { selector: ([b]) => b })
  .map((pairs) => pairs.sort(([a], [b]) => a - b).flat());
const distribution = fc.oneof({ weight: 4, arbitrary: regular }, { weight: 1, arbitrary: fc.array(odd) });
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.constantFrom('__proto__', '', 'constructor', '\\xff', 'ab'.repeat(60)),
);
const keyed = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<Map<string, T>> =>
  fc.array(fc.tuple(text, one), { maxLength: 20 }).map((pairs) => new Map(pairs));
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.oneof(count, odd).map((number) => ({ shape: 'number' as const, number })),
  keyed(fc.oneof(count, odd)).map((numbers) => ({ shape: 'keyed' as const, numbers })),
  distribution.map((d) => ({ shape: 'distribution' as const, distribution: d })),
  keyed(distribution).map((distributions) => ({ shape: 'keyed-distribution' as const, distributions })),
);
const positive = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const report: fc.Arbitrary<Report> = fc.record(
  {
    fqid: text,
    value,
    lost: count,
    load: fc.record({
      runsPerSecond: positive,
      nanosecondsPerRun: positive,
      percentOfCore: positive,
      memoryBytes: positive,
    }),
    source: fc.constantFrom(...SOURCE_NAMES),
  },
  { requiredKeys: ['fqid', 'value', 'lost'] },
);
const message: fc.Arbitrary<DataMessage> = fc.record({
  node: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  second: fc.maxSafeNat(),
  duration: fc.constantFrom(1, 5, 60),
  sent: fc.double({ noNaN: true, noDefaultInfinity: true }),
  reports: fc.array(report, { maxLength: 8 }),
});

const plain: DataMessage = {
  node: 'a',
  second: 1_700_000_000,
  duration: 1,
  sent: 1_700_000_001_003,
  reports: [
    { fqid: 'global;1', lost: 0, value: { shape: 'distribution', distribution: [462, 10, 484, 1] } },
    { fqid: 'cust:x;2', lost: 3, value: { shape: 'keyed', numbers: new Map([['sh', 4]]) } },
    { fqid: 'global;3', lost: 0, value: { shape: 'number', number: 0.5 } },
  ],
};

test('any message decodes to exactly what was encoded', () => {
  fc.assert(
    fc.property(message, (m) => {
      expect(decodeData(encodeData(m))).toEqual(m);
    }),
    SEED,
  );
});

test('random bytes decode to a message or an INVALID error', () => {
  const start = Buffer.from([DATA_VERSION, 1, 65, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, headed) => {
      expectDecodedOrInvalid(headed ? Buffer.concat([start, bytes]) : Buffer.from(bytes));
    }),
    { ...SEED, numRuns: 5000 },
  );
});

test('a message with any byte changed or its end cut off is decoded or INVALID', () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(255), (m, place, byte) => {
      const bytes = encodeData(m);
      expectDecodedOrInvalid(bytes.subarray(0, place % bytes.length));
      bytes[place % bytes.length] = byte;
      expectDecodedOrInvalid(bytes);
    }),
    { ...SEED, numRuns: 1000 },
  );
});

test('a message cut off anywhere is refused', () => {
  const bytes = encodeData(plain);
  for (let end = 0; end < bytes.length; end++) {
    expect(() => decodeData(bytes.subarray(0, end))).toThrow(/data message/);
  }
  expect(() => decodeData(Buffer.concat([bytes, Buffer.from([0])]))).toThrow('goes on after its end');
});

test('a count far above what the bytes can hold is refused before anything is allocated for it', () => {
  const head = encodeData({ ...plain, reports: [] });
  const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  const body = Buffer.concat([Buffer.from([1, 65, 8, 0, 0, 0, 2, 0]), huge.subarray(0, 6)]);
  expect(() => decodeData(Buffer.concat([head.subarray(0, -1), huge]))).toThrow('ends too early');
  expect(() =>
    decodeData(Buffer.concat([head.subarray(0, -1), Buffer.from([1]), body, Buffer.from([0x0f])])),
  ).toThrow('ends too early');
});

test.each([
  ['another version', Buffer.from([1, 1, 65]), 'must be of version 3, not 1'],
  ['no node', Buffer.from([DATA_VERSION, 0]), 'names no node'],
  ['a number above 2^53', Buffer.from([DATA_VERSION, 1, 65, 255, 255, 255, 255, 255, 255, 255, 127]), '2^53'],
  ['0 seconds', Buffer.from([DATA_VERSION, 1, 65, 1, 0]), 'covers 0 seconds'],
  ['too many bytes', Buffer.alloc(LIMITS.dataMessageBytes + 1), 'too long'],
])('%s is refused with a sentence', (_what, bytes, sentence) => {
  expect(() => decodeData(bytes)).toThrow(sentence);
});

test('a key that comes twice is refused', () => {
  const bytes = encodeData({
    ...plain,
    reports: [{ fqid: 'x', lost: 0, value: { shape: 'keyed', numbers: new Map([['a', 1], ['b', 2]]) } }],
  }); // prettier-ignore
  bytes[bytes.lastIndexOf('b')] = 97;
  expect(() => decodeData(bytes)).toThrow('names a key twice');
});

test('what is not a number is refused by the receiver', () => {
  const nan: Value = { shape: 'number', number: NaN };
  expect(() => decodeData(encodeData({ ...plain, reports: [{ fqid: 'x', lost: 0, value: nan }] }))).toThrow(
    'not a number',
  );
});

test('unwanted reports are skipped without being parsed', () => {
  const bytes = encodeData(plain);
  expect(decodeData(bytes, (fqid) => fqid === 'cust:x;2').reports).toEqual([plain.reports[1]]);
  expect(decodeData(bytes, () => false)).toEqual({ ...plain, reports: [] });
});

test('an error while encoding leaves nothing in the next message', () => {
  const broken = { ...plain, reports: [undefined as unknown as Report] };
  expect(() => encodeData(broken)).toThrow(TypeError);
  expect(decodeData(encodeData(plain))).toEqual(plain);
});

function expectDecodedOrInvalid(bytes: Buffer): void {
  try {
    decodeData(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CaError);
    expect((error as CaError).code).toBe('INVALID');
  }
}

test.each([
  [-1, 0],
  [NaN, 0],
  [0.2, 1],
  [1.7e308, Number.MAX_SAFE_INTEGER],
  [Infinity, Number.MAX_SAFE_INTEGER],
])('%p lost events are sent as %p: a whole count, also of sums of fractions', (lost, count) => {
  const value = { shape: 'number', number: 1 } as const;
  const message = { node: 'n', second: 1, duration: 1, sent: 1, reports: [{ fqid: 'x', lost, value }] };
  expect(decodeData(encodeData(message)).reports[0]?.lost).toBe(count);
});
