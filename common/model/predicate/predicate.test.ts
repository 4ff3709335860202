import fc from 'fast-check';
import type { TypeName } from '../field';
import { LIMITS } from '../../service/limits';
import {
  evaluate,
  parsePredicate,
  predicateFields,
  printPredicate,
  toPlainPredicate,
  type Constant,
  type PlainPredicate,
} from './predicate';

fc.configureGlobal({ seed: 20_260_124 });

const FIELDS: Record<string, TypeName> = { execname: 'string', latency: 'time', pid: 'string' };
const typeOf = (field: string): TypeName | undefined => FIELDS[field];
const parse = (plain: unknown) => parsePredicate(plain, typeOf);
const holds = (plain: unknown, event: Record<string, Constant>): boolean =>
  evaluate(parse(plain), (field) => event[field]);

const EVENT = { execname: 'mysqld', latency: 5000 };

test.each<[string, PlainPredicate, boolean]>([
  ['{} is always true', {}, true],
  ['eq', { eq: ['execname', 'mysqld'] }, true],
  ['ne', { ne: ['execname', 'mysqld'] }, false],
  ['lt', { lt: ['latency', 5000] }, false],
  ['le', { le: ['latency', 5000] }, true],
  ['gt', { gt: ['latency', 4999] }, true],
  ['ge', { ge: ['latency', 5001] }, false],
  ['and', { and: [{ eq: ['execname', 'mysqld'] }, { gt: ['latency', 1] }] }, true],
  ['or', { or: [{ eq: ['execname', 'sh'] }, { lt: ['latency', 1] }] }, false],
  ['a nested {} (the original threw)', { and: [{}, { eq: ['execname', 'mysqld'] }] }, true],
])('%s', (_name, plain, expected) => {
  expect(holds(plain, EVENT)).toBe(expected);
});

test.each<[string, unknown, string, string]>([
  ['a list', [], 'predicate', 'must be an object'],
  ['text', 'x', 'predicate', 'must be an object'],
  ['two operators', { eq: ['pid', '1'], ne: ['pid', '1'] }, 'predicate', 'exactly one operator, not 2'],
  ['an unknown operator', { like: ['pid', '1'] }, 'predicate', 'has no operator "like"'],
  ['an unknown field', { eq: ['color', 'red'] }, 'predicate.eq', '"color"'],
  ['a number for text', { eq: ['execname', 1] }, 'predicate.eq', 'with a string'],
  ['text for a number', { gt: ['latency', '1'] }, 'predicate.gt', 'with a number'],
  ['NaN', { gt: ['latency', NaN] }, 'predicate.gt', 'with a number'],
  ['order on text (the original accepted it)', { lt: ['execname', 'a'] }, 'predicate.lt', 'cannot order'],
  ['a lonely member', { and: [{}] }, 'predicate.and', 'at least two'],
  ['a deep error', { or: [{}, { and: [{}, { eq: ['pid'] }] }] }, 'predicate.or[1].and[1].eq', 'a pair'],
  ['a long constant', { eq: ['pid', 'x'.repeat(200)] }, 'predicate.eq', 'longer than'],
  ['__proto__ as operator', JSON.parse('{"__proto__":[1,2]}'), 'predicate', 'has no operator'],
])('%s is refused, and the error names the part', (_name, plain, field, text) => {
  expect(() => parse(plain)).toThrow(expect.objectContaining({ code: 'INVALID', field }) as Error);
  expect(() => parse(plain)).toThrow(text);
});

test('nesting and size have limits', () => {
  let deep: PlainPredicate = {};
  for (let i = 0; i < LIMITS.predicateDepth; i++) deep = { and: [{}, deep] };
  expect(() => parse(deep)).toThrow('nested deeper');
  expect(() => parse({ or: Array.from({ length: LIMITS.predicateNodes }, () => ({})) })).toThrow('parts');
});

const plainPredicates = fc.letrec<{ tree: PlainPredicate }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constant({}),
    fc
      .tuple(fc.constantFrom('eq', 'ne'), fc.string({ maxLength: 5 }))
      .map(([op, c]) => ({ [op]: ['execname', c] })),
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), fc.integer())
      .map(([op, c]) => ({ [op]: ['latency', c] })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
      .map(([op, members]) => ({ [op]: members })),
  ),
})).tree;

test('parsing and printing back to JSON is the identity', () => {
  fc.assert(
    fc.property(plainPredicates, (plain) => {
      expect(toPlainPredicate(parse(plain))).toEqual(plain);
    }),
  );
});

test('any JSON is accepted or throws an INVALID error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (anything) => {
      try {
        parse(anything);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID' });
      }
    }),
  );
});

test('the readable form quotes what it must', () => {
  const p = parse({ and: [{ eq: ['execname', 'x") || (1'] }, { or: [{ gt: ['latency', 10] }, {}] }] });
  expect(printPredicate(p)).toBe('execname == "x\\") || (1" && (latency > 10 || true)');
  expect(predicateFields(p)).toEqual(['execname', 'latency']);
});

test('a field that an event lacks equals nothing and orders with nothing', () => {
  expect(holds({ eq: ['execname', 'a'] }, {})).toBe(false);
  expect(holds({ ne: ['execname', 'a'] }, {})).toBe(true);
  expect(holds({ lt: ['latency', 1] }, {})).toBe(false);
});
