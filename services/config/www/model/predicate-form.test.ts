import { parseQuantity } from '../../../../common/model/unit.ts';
import type { Catalogue } from './answers.ts';
import { both, buildPredicate, formOf, readPredicate, type Condition, type Group } from './predicate-form.ts';

const CATALOGUE: Catalogue = {
  modules: {},
  fields: {
    execname: { label: 'application name', type: 'string' },
    latency: { label: 'latency', type: 'time' },
    size: { label: 'size', type: 'size' },
  },
  types: {
    string: { arity: 'discrete', unit: '' },
    time: { arity: 'numeric', unit: 'seconds', abbr: 's', base: 10, power: -9 },
    size: { arity: 'numeric', unit: 'bytes', abbr: 'B', base: 2 },
  },
  metrics: [],
};

const compare = (field: string, op: 'eq' | 'ge' | 'ne', text: string): Condition => ({
  kind: 'compare',
  field,
  op,
  text,
});
const group = (join: 'and' | 'or', ...members: Condition[]): Group => ({ kind: 'group', join, members });

test('rows become the API’s JSON, quantities become raw units', () => {
  const form = group('and', compare('latency', 'ge', '10 ms'), compare('execname', 'eq', 'mysqld'));
  expect(buildPredicate(form, CATALOGUE)).toEqual({
    predicate: { and: [{ ge: ['latency', 10_000_000] }, { eq: ['execname', 'mysqld'] }] },
  });
});

test('no row is no predicate, one row needs no "and", empty groups vanish', () => {
  expect(buildPredicate(group('and'), CATALOGUE)).toEqual({ predicate: {} });
  expect(buildPredicate(group('or', compare('execname', 'ne', 'sh')), CATALOGUE)).toEqual({
    predicate: { ne: ['execname', 'sh'] },
  });
  expect(
    buildPredicate(group('and', group('or'), group('or', compare('execname', 'eq', 'a'))), CATALOGUE),
  ).toEqual({
    predicate: { eq: ['execname', 'a'] },
  });
});

test('an unfinished row says what is missing, by the field’s label', () => {
  expect(buildPredicate(compare('latency', 'ge', 'slow'), CATALOGUE)).toEqual({
    wrong: '“latency” needs a number, such as 10ms.',
  });
  expect(buildPredicate(group('and', compare('execname', 'eq', '')), CATALOGUE)).toEqual({
    wrong: 'Fill in what “application name” is compared with.',
  });
});

test('the readable form has labels, units and brackets where they matter', () => {
  expect(
    readPredicate(
      {
        and: [
          { ge: ['latency', 10_000_000] },
          { or: [{ eq: ['execname', 'mysqld'] }, { lt: ['size', 65_536] }] },
        ],
      },
      CATALOGUE,
    ),
  ).toBe('latency ≥ 10 ms and (application name = “mysqld” or size < 64 KiB)');
  expect(readPredicate({}, CATALOGUE)).toBe('');
});

test('a predicate that exists can be changed: form and back is the same', () => {
  for (const predicate of [
    {},
    { eq: ['execname', 'a"b'] },
    { and: [{ ge: ['latency', 1099] }, { or: [{ eq: ['execname', 'x'] }, { ne: ['execname', 'y'] }] }] },
  ]) {
    expect(buildPredicate(formOf(predicate, CATALOGUE), CATALOGUE)).toEqual({ predicate });
  }
});

test('drilling down twice stays flat, and says nothing twice', () => {
  const a = { eq: ['execname', 'x'] };
  const b = { and: [{ ge: ['latency', 5] }, { le: ['latency', 9] }] };
  expect(both({}, {})).toEqual({});
  expect(both(a, {})).toEqual(a);
  expect(both(both(a, b), a)).toEqual({ and: [a, { ge: ['latency', 5] }, { le: ['latency', 9] }] });
});

test.each([
  ['64KiB', 65_536],
  ['64 KiB', 65_536],
  ['1_000', 1000],
  ['2M', 2_097_152],
])('a size of %s means the same here and in the API', (text, raw) => {
  expect(buildPredicate(compare('size', 'ge', text), CATALOGUE)).toEqual({
    predicate: { ge: ['size', raw] },
  });
  expect(parseQuantity(text, 'size', 'size')).toBe(raw);
});

test.each(['64KB', '5 parsecs', '10ms'])('a size of %s is refused with the API’s own reason', (text) => {
  const built = buildPredicate(compare('size', 'ge', text), CATALOGUE);
  expect(() => parseQuantity(text, 'size', '“size”:')).toThrow(
    (built as { wrong: string }).wrong.slice(0, -1),
  );
});
