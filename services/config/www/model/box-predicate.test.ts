import { boxPredicate } from './box-predicate.ts';

test('a box becomes a range of whole raw units, both ends inside it', () => {
  expect(boxPredicate({ start: 0, end: 1, low: 1000, high: 2000 }, 'latency')).toEqual({
    and: [{ ge: ['latency', 1000] }, { le: ['latency', 1999] }],
  });
  expect(boxPredicate({ start: 0, end: 1, low: 10.2, high: 20.7 }, 'latency')).toEqual({
    and: [{ ge: ['latency', 11] }, { le: ['latency', 20] }],
  });
});

test('from the very bottom there is no lower end to state', () => {
  expect(boxPredicate({ start: 0, end: 1, low: 0, high: 50 }, 'size')).toEqual({ le: ['size', 49] });
});

test('a box thinner than one unit still holds that unit', () => {
  expect(boxPredicate({ start: 0, end: 1, low: 3.1, high: 3.2 }, 'size')).toEqual({
    and: [{ ge: ['size', 4] }, { le: ['size', 4] }],
  });
});

test('without a numeric field a box says nothing about values', () => {
  expect(boxPredicate({ start: 0, end: 1, low: 0, high: 1 }, undefined)).toEqual({});
});
