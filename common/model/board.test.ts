import { narrowed } from './board';

const FIELDS = ['execname', 'zonename', 'latency'];
const SLOW = { ge: ['latency', 1000] };

test('a variable’s value becomes a comparison beside the panel’s own predicate', () => {
  expect(narrowed(SLOW, new Map([['execname', 'db']]), FIELDS)).toEqual({
    and: [SLOW, { eq: ['execname', 'db'] }],
  });
});

test('in a panel without a predicate, one value becomes one comparison, two values become both', () => {
  const values = new Map([
    ['execname', 'db'],
    ['zonename', 'web'],
  ]);
  expect(narrowed({}, new Map([['execname', 'db']]), FIELDS)).toEqual({ eq: ['execname', 'db'] });
  expect(narrowed({}, values, FIELDS)).toEqual({
    and: [{ eq: ['execname', 'db'] }, { eq: ['zonename', 'web'] }],
  });
});

test('without a value, or where the metric has no such field, the question stays as it is', () => {
  expect(narrowed(SLOW, new Map(), FIELDS)).toBe(SLOW);
  expect(narrowed(SLOW, new Map([['hostname', 'a']]), FIELDS)).toBe(SLOW);
});

test('a value that looks like a predicate is a value', () => {
  const value = 'db" || latency > 0 || execname == "';
  expect(narrowed({}, new Map([['execname', value]]), FIELDS)).toEqual({ eq: ['execname', value] });
});
