import fc from 'fast-check';
import { writeHistogram } from './histogram-json';
import { countOf, sumOf, type Histogram } from './histogram';
import { JsonBytes, plainNumber } from './json-bytes';

const number = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 31 + 10 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, NaN, Infinity, -Infinity),
);

test('the output is the concatenation of all pieces', () => {
  const step = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => ({ text })),
    number.map((value) => ({ value })),
    fc.constantFrom(1, 5000, 300_000).map((length) => ({ bytes: Buffer.alloc(length, 'é') })),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const json = new JsonBytes();
      const expected: Buffer[] = [];
      for (const one of steps) {
        if ('text' in one) json.text(one.text);
        else if ('value' in one) json.number(one.value);
        else json.piece(one.bytes);
        expected.push(
          'bytes' in one ? one.bytes : Buffer.from('text' in one ? one.text : plainNumber(one.value)),
        );
      }
      expect(json.bytes().equals(Buffer.concat(expected))).toBe(true);
    }),
  );
});

test('histograms are written with their own bounds, whatever was written before', () => {
  const bucket = fc.tuple(fc.constantFrom(0.25, 1e-9, 2e-7, 1), fc.constantFrom(0.5, 3e-7, 2, 10), number);
  fc.assert(
    fc.property(fc.array(fc.array(bucket, { maxLength: 6 }), { maxLength: 5 }), (histograms) => {
      const json = new JsonBytes();
      for (const buckets of histograms) writeHistogram(json, buckets.flat());
      expect(json.bytes().toString()).toBe(histograms.map((buckets) => plain(buckets.flat())).join(''));
    }),
  );
});

function plain(h: Histogram): string {
  const buckets = Array.from({ length: h.length / 3 }, (_, i) => [
    0,
    String(h[3 * i]),
    String(h[3 * i + 1]),
    plainNumber(h[3 * i + 2] ?? NaN),
  ]);
  return JSON.stringify({ count: plainNumber(countOf(h)), sum: plainNumber(sumOf(h)), buckets });
}
