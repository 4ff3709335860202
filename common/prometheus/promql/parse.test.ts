import fc from 'fast-check';
import { CaError } from '../../service/errors';
import { parseQuery, parseSelector } from './parse';

const X = { label: '__name__', operator: '=', value: 'x' };

test('a selector has its name and its matchers', () => {
  expect(parseQuery(`x{a="b\\n", c!='d', e=~"f.*", "g.h"!~\`i\`}`)).toMatchObject({
    kind: 'leaf',
    leaf: {
      matchers: [
        X,
        { label: 'a', operator: '=', value: 'b\n' },
        { label: 'c', operator: '!=', value: 'd' },
        { label: 'e', operator: '=~', value: 'f.*' },
        { label: 'g.h', operator: '!~', value: 'i' },
      ],
      rate: false,
    },
  });
});

test('a sum over time within a sum is one leaf', () => {
  expect(parseQuery('histogram_quantile(0.99, sum by (a) (rate(x[1m30s]))) * 1e3')).toMatchObject({
    kind: 'arithmetic',
    operator: '*',
    left: {
      kind: 'histogram',
      name: 'quantile',
      parameters: [0.99],
      of: {
        kind: 'leaf',
        leaf: {
          window: 90_000,
          rate: true,
          sum: { without: false, labels: ['a'] },
          text: 'sum by (a) (rate(x[1m30s]))',
        },
      },
    },
    right: { kind: 'number', value: 1000 },
  });
});

test('grouping labels may be before or after the operand', () => {
  const before = parseQuery('sum without (a, b) (x)');
  expect(before).toMatchObject({ leaf: { sum: { without: true, labels: ['a', 'b'] } } });
  expect(parseQuery('sum(x) without (a, b)')).toMatchObject({
    leaf: { sum: { without: true, labels: ['a', 'b'] } },
  });
  expect(parseQuery('topk by (a) (3, sum_over_time((x[5m])))')).toMatchObject({
    kind: 'topk',
    count: 3,
    grouping: { labels: ['a'] },
  });
});

test.each([
  ['1+1', 2],
  ['-(2^3)^2 % 5', -4],
  ['0x1f * 2', 62],
  ['5m', 300],
  ['+Inf - 1', Infinity],
  ['1_000', 1000],
])('%s is a number', (text, value) => {
  expect(parseQuery(text)).toEqual({ kind: 'number', value });
});

test.each([
  ['x offset 5m', 'offset'],
  ['x @ start()', '@'],
  ['sum_over_time(x[5m:1m])', 'subquery'],
  ['a and b', 'the operator (and)'],
  ['a > 1', 'the operator (>)'],
  ['a + b', 'between two series'],
  ['avg(x)', 'the aggregation (avg)'],
  ['count_values("a", x)', 'the aggregation (count_values)'],
  ['label_replace(x, "a", "b", "c", "d")', 'the function (label_replace)'],
  ['deriv(x[5m])', 'the function (deriv)'],
  ['x[5m]', 'window x[5m] outside'],
  ['rate(x)', 'needs a window'],
  ['histogram_quantile(x, x)', 'needs a number as parameter of histogram_quantile'],
  ['histogram_count(1)', 'needs series'],
  ['histogram_quantile(0.9)', 'must give histogram_quantile 2 arguments'],
  ['topk(0, x)', 'topk that is not 1'],
  ['rate(x[500ms])', 'not 1s to 1d'],
  ['"text"', 'is a text'],
  ['x{a=~"("}', 'regular expression'],
  ['x{a="\\q"}', 'cannot be read'],
  ['sum(', 'at character'],
  ['', 'is needed'],
  ['{}', 'without a name'],
  [`${'('.repeat(60)}x${')'.repeat(60)}`, 'nests deeper'],
  ['x'.repeat(5000), 'longer than 4096'],
])('%s is refused, and the reason says %s', (text, reason) => {
  expect(() => parseQuery(text)).toThrow(CaError);
  expect(() => parseQuery(text)).toThrow(reason);
});

test('match[] takes selectors alone', () => {
  expect(parseSelector('{a="b"}')).toMatchObject([{ label: 'a' }]);
  expect(() => parseSelector('rate(x[1m])')).toThrow('must be a selector');
});

test('any text is accepted or refused with a reason', () => {
  const words = fc.constantFrom(
    ...[
      'sum',
      'by',
      '(',
      ')',
      'x',
      '{',
      '}',
      'a',
      '=',
      '=~',
      '"',
      "'",
      '`',
      ',',
      '[',
      ']',
      '1m',
      '0.9',
      '-',
      '*',
    ],
    ...[
      'rate',
      'topk',
      'histogram_quantile',
      'offset',
      '\\',
      'without',
      '1',
      'and',
      '\u0000',
      'é',
      '#',
      '\n',
      ' ',
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(words, { maxLength: 30 }).map((list) => list.join('')),
        fc.string(),
      ),
      (text) => {
        try {
          parseQuery(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CaError);
          expect((error as CaError).code).toBe('INVALID');
        }
      },
    ),
    { numRuns: Number(process.env['CA_FUZZ_RUNS'] ?? 3000) },
  );
});
