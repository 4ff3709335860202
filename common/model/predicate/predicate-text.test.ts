/* The text form of predicates: what it accepts, the columns of its errors, and that printing loses nothing. */
import fc from 'fast-check';
import { toPlainPredicate, type Predicate } from './predicate';
import { parsePredicateText, predicateText, PredicateTextError, type TypeOf } from './predicate-text';
import { numberComparisons, predicatesOf, textComparisons } from '../testing/random-predicate';
import type { TypeName } from '../field';

const FIELDS: Record<string, TypeName> = {
  execname: 'string',
  pid: 'string',
  latency: 'time',
  size: 'size',
  utilization: 'percent',
  subsecond: 'subsecond',
  iops: 'number',
};
const typeOf: TypeOf = (field) => (Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined);
const plain = (text: string): unknown => toPlainPredicate(parsePredicateText(text, typeOf));

function failure(text: string): PredicateTextError {
  try {
    parsePredicateText(text, typeOf);
  } catch (error) {
    if (error instanceof PredicateTextError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

test.each<[string, unknown]>([
  ['', {}],
  ['true', {}],
  ['   ', {}],
  ['execname == "mysqld"', { eq: ['execname', 'mysqld'] }],
  ["execname = 'mysqld'", { eq: ['execname', 'mysqld'] }],
  ['execname==mysqld', { eq: ['execname', 'mysqld'] }],
  ['execname != /usr/bin/x', { ne: ['execname', '/usr/bin/x'] }],
  ['pid == 123', { eq: ['pid', '123'] }],
  ['latency > 10ms', { gt: ['latency', 10_000_000] }],
  ['10ms < latency', { gt: ['latency', 10_000_000] }],
  ['latency >= 1.1ms', { ge: ['latency', 1_100_000] }],
  ['latency > 1_000', { gt: ['latency', 1000] }],
  ['size <= 64KiB', { le: ['size', 65_536] }],
  ['utilization > 90%', { gt: ['utilization', 90] }],
  ['subsecond < 0.5s', { lt: ['subsecond', 500] }],
  ['execname == "a\\"b"', { eq: ['execname', 'a"b'] }],
  [`execname == 'a"b\\'c'`, { eq: ['execname', `a"b'c`] }],
  ['execname in ("a", b)', { or: [{ eq: ['execname', 'a'] }, { eq: ['execname', 'b'] }] }],
  ['iops in (1)', { eq: ['iops', 1] }],
  [
    'execname == "a" || pid == 1 and latency > 1s',
    { or: [{ eq: ['execname', 'a'] }, { and: [{ eq: ['pid', '1'] }, { gt: ['latency', 1e9] }] }] },
  ],
  [
    '(execname == "a" || pid == 1) && iops < 3',
    { and: [{ or: [{ eq: ['execname', 'a'] }, { eq: ['pid', '1'] }] }, { lt: ['iops', 3] }] },
  ],
])('%s is accepted', (text, expected) => {
  expect(plain(text)).toEqual(expected);
});

test.each<[string, number, RegExp]>([
  ['latancy > 1', 1, /latancy is not a field/],
  ['execname == "a" && latency > 10KiB', 30, /is a size, but a time such as 10ms/],
  ['size > 64KB', 8, /powers of 1000 or of 1024: write KiB/],
  ['latency > 10parsec', 11, /there are ns, us, ms, s, m, h/],
  ['execname < "a"', 1, /cannot order "execname"/],
  ['latency == fast', 12, /is numeric/],
  ['latency == "fast"', 1, /a numeric field, with a number/],
  ['execname == "a', 13, /no closing "/],
  ['execname == "a" latency > 1', 17, /expected && or \|\|/],
  ['execname == "a" &', 17, /write &&/],
  ['(execname == "a"', 17, /expected \) here, not the end/],
  ['execname', 9, /expected ==, !=/],
  ['latency >', 10, /expected something to compare latency with/],
  ['!execname == "a"', 1, /there is no "not"/],
  ['1 == 2', 1, /one side must be a field/],
  ['execname == "\\q"', 13, /escape/],
  ['execname == `id`', 13, /means nothing here/],
])('%s is refused at column %i', (text, column, message) => {
  const error = failure(text);
  expect(error.message).toMatch(message);
  expect(error.column).toBe(column);
  expect(error.picture.split('\n')[1]).toBe(`  ${' '.repeat(column - 1)}^`);
});

test('text nested too deeply, or with too many parts, is refused without recursion into it', () => {
  expect(failure(`${'('.repeat(100_000)}iops < 1`).message).toMatch(/nested deeper/);
  const many = Array.from({ length: 2000 }, () => 'iops < 1').join(' && ');
  expect(failure(many).message).toMatch(/more than/);
});

const comparison = fc.constantFrom(...Object.keys(FIELDS)).chain((field) =>
  FIELDS[field] === 'string'
    ? textComparisons([field], fc.string({ unit: 'binary', maxLength: 20 }))
    : numberComparisons(
        [field],
        fc.oneof(
          fc.maxSafeInteger(),
          fc.integer({ min: 0, max: 5000 }).map((n) => n * 1_000_000),
          fc.integer({ min: 0, max: 5000 }).map((n) => n * 1024),
          fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((n) => n + 0),
        ),
      ),
);
const tree = predicatesOf(fc.oneof(comparison, fc.constant<Predicate>({ kind: 'always' })), {
  maxDepth: 5,
  maxMembers: 4,
});

test('printing and reading back yields the same tree, with and without known types', () => {
  fc.assert(
    fc.property(tree, (p) => {
      const again = parsePredicateText(predicateText(p, typeOf), typeOf);
      expect(toPlainPredicate(again)).toEqual(normal(toPlainPredicate(p)));
      const untyped = parsePredicateText(predicateText(p), () => 'any');
      expect(toPlainPredicate(untyped)).toEqual(normal(toPlainPredicate(p)));
    }),
    { seed: 8, numRuns: 500 },
  );
});

/** -0 prints as 0, which compares equal. */
function normal(p: unknown): unknown {
  return JSON.parse(JSON.stringify(p));
}

test('any text is either accepted or refused with a column inside it', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'execname',
      'latency',
      '==',
      '<',
      '(',
      ')',
      '&&',
      '||',
      '"a"',
      "'",
      '10ms',
      ' ',
      'in',
      ',',
      '\\',
    ),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      try {
        parsePredicateText(text, typeOf);
      } catch (error) {
        if (!(error instanceof PredicateTextError)) throw error;
        expect(error.column).toBeGreaterThanOrEqual(1);
        expect(error.column).toBeLessThanOrEqual(text.length + 1);
      }
    }),
    { seed: 9, numRuns: 1000 },
  );
});
